"""A flow run's state changes as events: whoever waits for a run waits for these.

The event's id is the state's, by which clients tell that they know of it already.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from events.changes import FlowRunAmended, FlowRunDeleted, Left, StateEntered
from events.decisions import Decision
from events.states import State, StateType
from events.told.event import RESOURCE_ID, RESOURCE_NAME, RESOURCE_ROLE, Event, Resource

from .descriptions import Described

FOLLOWS_WITHIN = timedelta(minutes=5)
MESSAGE_MAX = 100_000

SUBJECT = "flow_run:"


def is_of_flow_run(body: bytes) -> bool:
    """Whether the decision with this JSON may be about a flow run; cheap, and never wrongly no."""
    return b'"subject":"flow_run:' in body


def entered(decision: Decision) -> StateEntered | None:
    """The change by which a flow run entered a state, if *decision* says so."""
    if not decision.subject.startswith(SUBJECT):
        return None
    return next((each for each in decision.changes if isinstance(each, StateEntered)), None)


def amends(decision: Decision) -> bool:
    """Whether what is known of the run's attributes is outdated by *decision*."""
    outdated = (FlowRunAmended, FlowRunDeleted)
    return any(isinstance(change, outdated) for change in decision.changes)


def name_of(change: StateEntered) -> str:
    """What the event is called, such as `prefect.flow-run.Running`."""
    return f"prefect.flow-run.{change.state.name}"


def event_of(change: StateEntered, described: Described) -> Event:
    """The event that tells of *change*."""
    run, state, left = described.run, change.state, change.left
    is_close = left is not None and state.timestamp - left.timestamp < FOLLOWS_WITHIN
    return Event(
        occurred=state.timestamp,
        event=name_of(change),
        resource={
            RESOURCE_ID: f"prefect.flow-run.{run.id}",
            RESOURCE_NAME: run.name,
            "prefect.run-count": str(change.booked.run_count),
            "prefect.state-message": (state.message or "")[:MESSAGE_MAX],
            "prefect.state-name": state.name,
            "prefect.state-timestamp": state.timestamp.isoformat(),
            "prefect.state-type": state.type.value,
        },
        related=list(_related(described)),
        payload={
            "intended": {"from": None if left is None else left.type, "to": state.type},
            "initial_state": None if left is None else _shown(left),
            "validated_state": _shown(state),
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


def _related(described: Described) -> Iterator[Resource]:
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
        parent = f"prefect.task-run.{run.parent_task_run_id}"
        yield _resource("task-run", parent, described.parent_name)
    for tag in sorted({*(() if flow is None else flow.tags), *run.tags}):
        yield _resource("tag", f"prefect.tag.{tag}")
    by = run.created_by
    if by is not None and by.id is not None and by.type is not None:
        kind = by.type.lower().replace("_", "-")
        yield _resource("creator", f"prefect.{kind}.{by.id}", by.display_value)


def _resource(role: str, id: str, name: str | None = None) -> Resource:
    named = {} if name is None else {RESOURCE_NAME: name}
    return {RESOURCE_ID: id, RESOURCE_ROLE: role, **named}
