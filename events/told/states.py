"""A state that a run entered, as an event: whoever waits for a run waits for these.

The event's id is the state's, by which clients tell that they know of it already.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct, structs, to_builtins

from ..changes import Left
from ..entities import Flow, FlowRunAttributes, TaskRun
from ..states import State, StateDetails, StateType
from .event import RESOURCE_ID, RESOURCE_NAME, RESOURCE_ROLE, Event, Resource

FLOW_RUN = "prefect.flow-run."
TASK_RUN = "prefect.task-run."
ATTRIBUTES = (
    *("name", "task_key", "dynamic_key", "tags", "labels", "task_inputs"),
    *("task_version", "cache_key", "cache_expiration"),
)
FOLLOWS_WITHIN = timedelta(minutes=5)
MESSAGE_MAX = 100_000


class Entered(Struct, frozen=True):
    """A state that a run entered, the one that it left, and how often it had run by then."""

    state: State
    left: Left | None
    run_count: int


class DescribedFlowRun(Struct, frozen=True):
    """A flow run, its flow, and the name of the task run that stands for it in another run."""

    run: FlowRunAttributes
    flow: Flow | None
    parent_name: str | None


class DescribedTaskRun(Struct, frozen=True):
    """A task run, and the flow run that it is part of, with its flow."""

    run: TaskRun
    flow_run: FlowRunAttributes | None
    flow: Flow | None


def left_of(state: State) -> Left:
    """*state* as one that a run has left."""
    return Left(
        id=state.id,
        type=state.type,
        name=state.name,
        timestamp=state.timestamp,
        message=state.message,
    )


def flow_run_event(entered: Entered, described: DescribedFlowRun) -> Event:
    """The event that tells of a flow run's state."""
    run, left = described.run, entered.left
    return _event(
        *(FLOW_RUN, run.id, run.name, entered),
        related=_around_flow_run(described),
        initial_state=None if left is None else _shown(left),
        validated_state=_shown(entered.state),
    )


def task_run_event(entered: Entered, described: DescribedTaskRun) -> Event:
    """The event by which an engine told of its task run's state."""
    attributes, left, state = described.run.attributes, entered.left, entered.state
    event = _event(
        *(TASK_RUN, attributes.id, attributes.name, entered),
        related=_around_task_run(described),
        initial_state=None if left is None else _detailed(left, {}),
        validated_state={
            **_detailed(state, to_builtins(_without_runs(state.state_details))),
            "data": to_builtins(state.data),
        },
        task_run=_fields(described.run, entered.run_count),
    )
    event.resource["prefect.orchestration"] = "client"
    return event


def _event(
    prefix: str,
    id: UUID,
    name: str,
    entered: Entered,
    *,
    related: Iterable[Resource],
    **payload: Any,
) -> Event:
    state, left = entered.state, entered.left
    is_close = left is not None and state.timestamp - left.timestamp < FOLLOWS_WITHIN
    return Event(
        occurred=state.timestamp,
        event=f"{prefix}{state.name}",
        resource={
            RESOURCE_ID: f"{prefix}{id}",
            RESOURCE_NAME: name,
            "prefect.run-count": str(entered.run_count),
            "prefect.state-message": (state.message or "")[:MESSAGE_MAX],
            "prefect.state-name": state.name,
            "prefect.state-timestamp": state.timestamp.isoformat(),
            "prefect.state-type": state.type.value,
        },
        related=list(related),
        payload={
            "intended": {"from": None if left is None else left.type, "to": state.type},
            **payload,
        },
        id=state.id,
        follows=left.id if left is not None and is_close else None,
        received=state.timestamp,
    )


def _shown(state: State | Left) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": state.type, "name": state.name}
    if state.message:
        shown["message"] = state.message[:MESSAGE_MAX]
    if isinstance(state, State) and state.type is StateType.PAUSED:
        shown["pause_reschedule"] = str(state.state_details.pause_reschedule).lower()
    return shown


def _without_runs(details: StateDetails) -> StateDetails:
    """*details* as an engine tells them; the event names the runs itself."""
    return structs.replace(details, flow_run_id=None, task_run_id=None)


def _detailed(state: State | Left, details: dict[str, Any]) -> dict[str, Any]:
    message = (state.message or "")[:MESSAGE_MAX]
    return {
        "type": state.type,
        "name": state.name,
        "message": message,
        "state_details": details,
    }


def _fields(run: TaskRun, run_count: int) -> dict[str, Any]:
    """What an engine says of its task run; it leaves out what it does not know."""
    attributes, progress = run.attributes, run.progress
    known = {
        **to_builtins(progress.booked),
        **{name: getattr(attributes, name) for name in ATTRIBUTES},
        "empirical_policy": attributes.empirical_policy,
        "run_count": run_count,
        "flow_run_run_count": progress.flow_run_run_count,
    }
    return {name: value for name, value in known.items() if value is not None}


def _around_flow_run(described: DescribedFlowRun) -> Iterator[Resource]:
    run, flow = described.run, described.flow
    yield _resource("flow", f"prefect.flow.{run.flow_id}", None if flow is None else flow.name)
    if run.deployment_id is not None:
        yield _resource("deployment", f"prefect.deployment.{run.deployment_id}")
    if run.work_queue_id is not None:
        yield _resource(
            "work-queue", f"prefect.work-queue.{run.work_queue_id}", run.work_queue_name
        )
    if run.work_pool_id is not None:
        yield _resource("work-pool", f"prefect.work-pool.{run.work_pool_id}", run.work_pool_name)
    if run.parent_task_run_id is not None:
        yield _resource("task-run", f"{TASK_RUN}{run.parent_task_run_id}", described.parent_name)
    yield from _tags({*(() if flow is None else flow.tags), *run.tags})
    by = run.created_by
    if by is not None and by.id is not None and by.type is not None:
        kind = by.type.lower().replace("_", "-")
        yield _resource("creator", f"prefect.{kind}.{by.id}", by.display_value)


def _around_task_run(described: DescribedTaskRun) -> Iterator[Resource]:
    run, flow_run, flow = described.run.attributes, described.flow_run, described.flow
    yield from _tags({*run.tags})
    if run.flow_run_id is not None:
        name = None if flow_run is None else flow_run.name
        yield _resource("flow-run", f"{FLOW_RUN}{run.flow_run_id}", name)
    if flow is not None:
        yield _resource("flow", f"prefect.flow.{flow.id}", flow.name)


def _tags(tags: Iterable[str]) -> Iterator[Resource]:
    for tag in sorted(tags):
        yield _resource("tag", f"prefect.tag.{tag}")


def _resource(role: str, id: str, name: str | None = None) -> Resource:
    named = {} if name is None else {RESOURCE_NAME: name}
    return {RESOURCE_ID: id, RESOURCE_ROLE: role, **named}
