"""Flow runs, one at a time: read, amended, and proposed states for."""

from hashlib import blake2b
from typing import Any

from msgspec import UNSET, Struct, structs

from events.changes import StateEntered
from events.decisions import Outcome
from events.proposals import AmendFlowRun, ProposeFlowRunState
from events.states import StateType, stored_data
from events.wire.replies import Answer

from ..context import Context, existing
from ..http.calls import Call
from ..http.errors import NO_CONTENT, Reply, answered, detail, failed
from ..http.operations import Operation
from ..rendering.parts import StateResponse, state_response
from ..rendering.runs import FlowRunResponse, flow_run_response
from .bodies import FlowRunUpdate, Labels, SetState


class OrchestrationResult(Struct, frozen=True):
    """What became of a proposed state, and the state that the run is in now."""

    state: StateResponse | None
    status: Outcome
    details: dict[str, Any]


async def set_state(context: Context, call: Call) -> Reply:
    """Propose a state: 201 when a state was entered, 200 when the run stays where it is."""
    given = call.as_a(SetState)
    id = call.id
    if not await context.has_flow_run(id):
        raise failed(404, f"Flow run with id {id} not found")
    proposal = ProposeFlowRunState(
        id=_proposal_id(context, given, call.body),
        at=context.now(),
        flow_run_id=id,
        state=given.state,
        force=bool(given.force),
        api_version=call.api_version,
        client_version=call.client_version,
    )
    return _orchestrated(await context.ask(proposal), given.state.data)


def _proposal_id(context: Context, given: SetState, body: bytes) -> str:
    """The same for the same request sent again, which clients mark by its transition id."""
    transition_id = given.state.state_details.transition_id
    if transition_id is None:
        return str(context.new_id())
    return f"{transition_id}/{blake2b(body, digest_size=8).hexdigest()}"


def _orchestrated(answer: Answer, data: Any) -> Reply:
    if answer.outcome is Outcome.ACCEPT:
        echoed = None if stored_data(data) is not None else data
        details: dict[str, Any] = {"type": "accept_details"}
        status = 201
    else:
        decision = answer.decided()
        echoed, status = None, 200
        if any(isinstance(change, StateEntered) for change in decision.changes):
            status = 201
        details = {"type": f"{answer.outcome.lower()}_details", "reason": decision.reason}
        if answer.outcome is Outcome.WAIT:
            details["delay_seconds"] = decision.delay_seconds
    state = None if answer.state is None else state_response(answer.state, echoed)
    return answered(OrchestrationResult(state, answer.outcome, details), status)


async def read_flow_run(context: Context, call: Call) -> Reply:
    """The flow run as of its last decision."""
    run = existing(await context.flow_run(call.id))
    return answered(flow_run_response(run, context.now()))


async def update_flow_run(context: Context, call: Call) -> Reply:
    """Change attributes of a flow run."""
    given = call.as_a(FlowRunUpdate)
    run = existing(await context.flow_run(call.id))
    if given.job_variables is not UNSET and given.job_variables is not None:
        state = run.progress.state
        if state is None or state.type is not StateType.SCHEDULED:
            now = "none" if state is None else state.type.value
            raise detail(400, f"Job variables for a flow run in state {now} cannot be updated")
        if run.attributes.deployment_id is None:
            raise detail(400, "A deployment for the flow run could not be found")
    fields = {name: value for name, value in structs.asdict(given).items() if value is not UNSET}
    if not fields.get("name"):
        fields.pop("name", None)
    await context.ask(
        AmendFlowRun(id=str(context.new_id()), at=context.now(), flow_run_id=call.id, **fields)
    )
    return NO_CONTENT


async def update_labels(context: Context, call: Call) -> Reply:
    """Merge labels into a flow run's."""
    labels = call.as_a(Labels)
    if not await context.has_flow_run(call.id):
        raise failed(404, f"Flow run with id {call.id} not found")
    await context.ask(
        AmendFlowRun(
            id=str(context.new_id()), at=context.now(), flow_run_id=call.id, labels={**labels}
        )
    )
    return NO_CONTENT


OPERATIONS = (
    Operation(method="POST", path="/flow_runs/{id:uuid}/set_state", handler=set_state, is_busy=True,
              summary="Set Flow Run State", tag="Flow Runs", takes=SetState,
              gives=OrchestrationResult, statuses=(201, 200)),
    Operation(method="GET", path="/flow_runs/{id:uuid}", handler=read_flow_run, is_busy=True,
              summary="Read Flow Run", tag="Flow Runs", gives=FlowRunResponse),
    Operation(method="PATCH", path="/flow_runs/{id:uuid}", handler=update_flow_run,
              summary="Update Flow Run", tag="Flow Runs", takes=FlowRunUpdate, statuses=(204,)),
    Operation(method="PATCH", path="/flow_runs/{id:uuid}/labels", handler=update_labels,
              summary="Update Flow Run Labels", tag="Flow Runs", takes=Labels, statuses=(204,)),
)  # fmt: skip
