"""Flow runs, many at a time by a filter: deleted, or asked to enter a state, each for itself."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.decisions import Outcome
from events.entities import FlowRunAttributes
from events.proposals import ProposeFlowRunState
from events.queries import FlowRunFilter, FlowRunQuery
from events.states import ProposedState, StateType
from events.wire.replies import Answer, Unanswered

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.parts import StateResponse
from ..bodies import BULK_MAX, BulkLimit
from ..orchestration import proposal_id, result_of
from .deletion import delete


class FlowRunsDelete(Struct, frozen=True, kw_only=True):
    """Which flow runs to delete, and how many at most."""

    flow_runs: FlowRunFilter | None = None
    limit: BulkLimit | None = None


class FlowRunsSetState(Struct, frozen=True, kw_only=True):
    """Which flow runs, and how many at most, are to enter a state."""

    state: ProposedState
    flow_runs: FlowRunFilter | None = None
    force: bool | None = False
    limit: BulkLimit | None = None


class FlowRunsDeleted(Struct, frozen=True):
    """The flow runs that were deleted."""

    deleted: list[UUID]


class FlowRunOrchestrationResult(Struct, frozen=True):
    """What became of the state proposed for one flow run."""

    flow_run_id: UUID
    status: Outcome
    state: StateResponse | None
    details: dict[str, Any]


class FlowRunOrchestrationResults(Struct, frozen=True):
    """What became of the state proposed, for each flow run."""

    results: list[FlowRunOrchestrationResult]


async def bulk_delete(context: Context, call: Call) -> Reply:
    """Delete the flow runs that match."""
    asked = call.as_query(FlowRunsDelete)
    found = [run.id for run in await _found(context, asked.flow_runs, asked.limit)]
    is_gone = await asyncio.gather(*(delete(context, id) for id in found))
    deleted = [id for id, gone in zip(found, is_gone, strict=True) if gone]
    return answered(FlowRunsDeleted(deleted))


async def bulk_set_state(context: Context, call: Call) -> Reply:
    """Propose a state for the flow runs that match; each is decided for itself.

    Those that may need a slot of their deployment get in line, so that the first of them have it.
    """
    asked = call.as_a(FlowRunsSetState)
    id = proposal_id(context, asked.state, call.body)
    takes_slots = asked.state.type is StateType.PENDING

    def proposal(run_id: UUID) -> ProposeFlowRunState:
        return ProposeFlowRunState(
            id=f"{id}/{run_id}",
            at=context.now(),
            flow_run_id=run_id,
            state=asked.state,
            force=bool(asked.force),
            api_version=call.api_version,
            client_version=call.client_version,
        )

    async def in_line(ids: Sequence[UUID]) -> dict[UUID, Answer | Unanswered]:
        return {id: await context.propose(proposal(id)) for id in ids}

    found = await _found(context, asked.flow_runs, asked.limit)
    lines = [[run.id for run in found if run.deployment_id is not None and takes_slots]]
    lines += [[run.id] for run in found if run.id not in lines[0]]
    answers: dict[UUID, Answer | Unanswered] = {}
    for line in await asyncio.gather(*map(in_line, lines)):
        answers |= line
    results = [item(run.id, answers[run.id], asked.state.data) for run in found]
    return answered(FlowRunOrchestrationResults(results))


def item(run_id: UUID, answer: Answer | Unanswered, data: Any) -> FlowRunOrchestrationResult:
    """What became of one flow run of many; what no rule can answer is aborted, alone."""
    if isinstance(answer, Unanswered):
        details = {"type": "abort_details", "reason": answer.reason}
        return FlowRunOrchestrationResult(run_id, Outcome.ABORT, None, details)
    result = result_of(answer, data)
    return FlowRunOrchestrationResult(run_id, result.status, result.state, result.details)


async def _found(
    context: Context, wanted: FlowRunFilter | None, limit: int | None
) -> list[FlowRunAttributes]:
    await context.writes.are_visible()
    query = FlowRunQuery(flow_runs=wanted, limit=limit or BULK_MAX)
    return [run.attributes for run in await context.views.flow_runs(query)]


OPERATIONS = (
    Operation(method="POST", path="/flow_runs/bulk_delete", handler=bulk_delete,
              summary="Bulk Delete Flow Runs", tag="Flow Runs", takes=FlowRunsDelete,
              gives=FlowRunsDeleted),
    Operation(method="POST", path="/flow_runs/bulk_set_state", handler=bulk_set_state,
              summary="Bulk Set Flow Run State", tag="Flow Runs", takes=FlowRunsSetState,
              gives=FlowRunOrchestrationResults),
)  # fmt: skip
