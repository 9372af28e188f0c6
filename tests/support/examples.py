"""One plausible value of everything that tests speak about."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import structs

from events.changes import Change, FlowRunCreated, StateEntered, TaskRunCreated
from events.decisions import Decision
from events.entities import (
    NOTHING_BOOKED,
    Bookkeeping,
    FlowRunAttributes,
    TaskRunAttributes,
    flow_run_key,
    task_run_key,
)
from events.policies import FlowRunPolicy
from events.proposals import ProposeFlowRunState, ProposeTaskRunState
from events.resources.deployments import Deployment
from events.resources.work_pools import WorkPool, WorkQueue
from events.states import DEFAULT_NAMES, NO_DETAILS, ProposedState, State, StateDetails, StateType

NOON = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

FLOW = UUID("0190a5b2-6f2e-4a10-9a77-0000000000f1")
RUN = UUID("0190a5b2-6f2e-4a10-9a77-0000000000a1")
TASK_RUN = UUID("0190a5b2-6f2e-4a10-9a77-0000000000b1")
PARENT_RUN = UUID("0190a5b2-6f2e-4a10-9a77-0000000000a2")
PARENT_TASK_RUN = UUID("0190a5b2-6f2e-4a10-9a77-0000000000b2")
DEPLOYMENT = UUID("0190a5b2-6f2e-4a10-9a77-0000000000d1")
LEASE = UUID("0190a5b2-6f2e-4a10-9a77-0000000000e1")
STATE = UUID("0190a5b2-6f2e-4a10-9a77-0000000000c1")

POOL = UUID("0190a5b2-6f2e-4a10-9a77-000000000061")
QUEUE = UUID("0190a5b2-6f2e-4a10-9a77-000000000062")

RESULT: dict[str, Any] = {"type": "reference", "storage_key": "a-result"}
"""Data that points at a stored result."""

UNPERSISTED: dict[str, Any] = {"type": "unpersisted"}

NO_POLICY = FlowRunPolicy()

NIGHTLY = Deployment(id=DEPLOYMENT, flow_id=FLOW, name="nightly")
DOCKER = WorkPool(id=POOL, name="docker", default_queue_id=QUEUE)
DEFAULT_QUEUE = WorkQueue(id=QUEUE, work_pool_id=POOL, name="default")

FLOW_RUN_ATTRIBUTES = FlowRunAttributes(
    id=RUN, flow_id=FLOW, name="tall-ibis", created=NOON - HOUR, deployment_id=DEPLOYMENT
)

TASK_RUN_ATTRIBUTES = TaskRunAttributes(
    id=TASK_RUN,
    name="load-0",
    task_key="load",
    dynamic_key="0",
    created=NOON - HOUR,
    flow_run_id=RUN,
)


def a_state(
    type: StateType,
    name: str | None = None,
    *,
    timestamp: datetime = NOON - MINUTE,
    message: str | None = None,
    data: Any = None,
    details: StateDetails = NO_DETAILS,
) -> State:
    """A state of a flow run, entered a minute before noon."""
    return State(
        id=STATE,
        type=type,
        name=DEFAULT_NAMES[type] if name is None else name,
        timestamp=timestamp,
        message=message,
        data=data,
        state_details=structs.replace(details, flow_run_id=RUN),
    )


def a_flow_run(
    state: State | None = None,
    booked: Bookkeeping = NOTHING_BOOKED,
    policy: FlowRunPolicy = NO_POLICY,
    **attributes: Any,
) -> Decision:
    """What made a flow run that is in *state*; it has a deployment unless told otherwise."""
    made = structs.replace(FLOW_RUN_ATTRIBUTES, **attributes)
    changes: tuple[Change, ...] = (FlowRunCreated(attributes=made, policy=policy),)
    if state is not None:
        changes = (*changes, StateEntered(state=state, booked=booked))
    return Decision(
        proposal_id=f"made {made.id}",
        kind="create_flow_run",
        subject=flow_run_key(made.id),
        version=1,
        at=NOON - HOUR,
        changes=changes,
    )


def a_task_run(
    state: State | None = None, booked: Bookkeeping = NOTHING_BOOKED, **attributes: Any
) -> Decision:
    """What made a task run that is in *state*."""
    made = structs.replace(TASK_RUN_ATTRIBUTES, **attributes)
    changes: tuple[Change, ...] = (TaskRunCreated(attributes=made),)
    if state is not None:
        changes = (*changes, StateEntered(state=state, booked=booked))
    return Decision(
        proposal_id=f"made {made.id}",
        kind="create_task_run",
        subject=task_run_key(made.id),
        version=1,
        at=NOON - HOUR,
        changes=changes,
    )


def propose(state: ProposedState, **fields: Any) -> ProposeFlowRunState:
    """The proposal that the flow run enter *state*."""
    given: dict[str, Any] = {"id": "a proposal", "flow_run_id": RUN, **fields}
    return ProposeFlowRunState(state=state, **given)


def force(state: ProposedState, **fields: Any) -> ProposeFlowRunState:
    """The same by force."""
    return propose(state, force=True, **fields)


def propose_task(state: ProposedState, **fields: Any) -> ProposeTaskRunState:
    """The proposal that the task run enter *state*."""
    given: dict[str, Any] = {"id": "a proposal", "task_run_id": TASK_RUN, "flow_run_id": RUN}
    return ProposeTaskRunState(state=state, **(given | fields))
