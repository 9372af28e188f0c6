"""Every view handles every change, and takes no notice of those that are not about it."""

from uuid import UUID

import pytest

from events.changes import (
    Change,
    FlowAmended,
    FlowDeleted,
    FlowRegistered,
    FlowRunAmended,
    FlowRunCreated,
    FlowRunDeleted,
    InputsDeleted,
    InputStored,
    LeaseRenewed,
    Left,
    LimitRemoved,
    LimitStored,
    LogLine,
    LogsWritten,
    PolicyAmended,
    ResourceRemoved,
    ResourceStored,
    SlotsGiven,
    SlotsTaken,
    StateEntered,
    StateRecorded,
    TaskRunAmended,
    TaskRunCreated,
    TaskRunDeleted,
    TaskRunEnqueued,
    TaskStateCached,
)
from events.decisions import Decision, Recorded
from events.entities import Bookkeeping, CachedState, Flow, FlowRunInput
from events.policies import PolicyAmendment
from events.slots import Limit
from events.states import StateType
from events.wire.registry import CHANGES
from projections.projection import Projection
from projections.views import PROJECTIONS
from tests.support.examples import (
    DEPLOYMENT,
    FLOW,
    FLOW_RUN_ATTRIBUTES,
    NIGHTLY,
    NOON,
    RUN,
    TASK_RUN,
    TASK_RUN_ATTRIBUTES,
    a_state,
)

LINE = LogLine(id=RUN, name="x", level=20, message="y", timestamp=NOON)
INPUT = FlowRunInput(id=RUN, flow_run_id=RUN, key="k", value="v", created=NOON)
LEFT = Left(id=RUN, type=StateType.RUNNING, name="Running", timestamp=NOON)
EVERY: tuple[Change, ...] = (
    FlowRegistered(flow=Flow(id=FLOW, name="ingest", created=NOON, updated=NOON)),
    FlowAmended(tags=["a"], updated=NOON),
    FlowDeleted(id=FLOW, name="ingest"),
    FlowRunCreated(attributes=FLOW_RUN_ATTRIBUTES),
    TaskRunCreated(attributes=TASK_RUN_ATTRIBUTES),
    StateEntered(state=a_state(StateType.RUNNING), booked=Bookkeeping(expected_start_time=NOON)),
    StateRecorded(state=a_state(StateType.PENDING)),
    PolicyAmended(policy=PolicyAmendment(resuming=True)),
    FlowRunAmended(name="renamed"),
    TaskRunAmended(attributes=TASK_RUN_ATTRIBUTES),
    FlowRunDeleted(id=RUN, left=LEFT, expected_start_time=NOON),
    TaskRunDeleted(id=TASK_RUN, left=LEFT, expected_start_time=NOON),
    TaskRunEnqueued(task_key="load", queue="scheduled"),
    TaskStateCached(key="k", cached=CachedState(state=a_state(StateType.COMPLETED))),
    ResourceStored(resource=NIGHTLY),
    ResourceRemoved(kind="deployment", id=DEPLOYMENT),
    InputStored(input=INPUT),
    InputsDeleted(keys=["k"]),
    LogsWritten(lines=[LINE]),
    LimitStored(limit=Limit(id=RUN, name="db", limit=1, created=NOON, updated=NOON)),
    LimitRemoved(id=RUN, name="db"),
    SlotsTaken(slots=1),
    SlotsGiven(slots=1),
    LeaseRenewed(lease_id=RUN),
)
SUBJECTS = {"flow": FLOW, "flow_run": RUN, "task_run": TASK_RUN}
HEEDED = {
    "concurrency_limits": {
        (subject, change) for subject in SUBJECTS for change in (LimitStored, LimitRemoved)
    },
    "flows": {("flow", change) for change in (FlowRegistered, FlowAmended, FlowDeleted)},
    "flow_runs": {
        ("flow_run", change)
        for change in (
            *(FlowRunCreated, StateEntered, PolicyAmended, FlowRunAmended),
            FlowRunDeleted,
        )
    },
    "flow_run_tags": {
        ("flow_run", change) for change in (FlowRunCreated, StateEntered, FlowRunDeleted)
    },
    "flow_run_states": {
        *(("flow_run", StateEntered), ("flow_run", StateRecorded)),
        *((subject, FlowRunDeleted) for subject in SUBJECTS),
    },
    "flow_run_history": {
        ("flow_run", StateEntered),
        *((subject, FlowRunDeleted) for subject in SUBJECTS),
    },
    "task_runs": {
        *(("task_run", change) for change in (TaskRunCreated, StateEntered, TaskRunAmended)),
        *((subject, TaskRunDeleted) for subject in SUBJECTS),
    },
    "task_run_states": {
        *(("task_run", StateEntered), ("task_run", StateRecorded)),
        *((subject, TaskRunDeleted) for subject in SUBJECTS),
    },
    "task_run_history": {
        ("task_run", StateEntered),
        *((subject, TaskRunDeleted) for subject in SUBJECTS),
    },
    "logs": {
        (subject, change)
        for subject in SUBJECTS
        for change in (LogsWritten, FlowRunDeleted, TaskRunDeleted)
    },
    "resources": {
        (subject, change) for subject in SUBJECTS for change in (ResourceStored, ResourceRemoved)
    },
}
"""Which changes of which subjects each view heeds."""


def decided(subject: str, id: UUID, *changes: Change) -> Recorded:
    decision = Decision(
        proposal_id="p", kind="told", subject=f"{subject}:{id}", at=NOON, changes=changes
    )
    return Recorded(partition=0, position=1, time_ms=0, decision=decision)


def test_the_changes_are_all_there_are() -> None:
    assert {type(change) for change in EVERY} == set(CHANGES)


@pytest.mark.parametrize("view", PROJECTIONS, ids=lambda view: view.name)
def test_a_view_heeds_what_is_about_it(view: Projection) -> None:
    heeded = {
        (subject, type(change))
        for subject, id in SUBJECTS.items()
        for change in EVERY
        if list(view.fold(decided(subject, id, change)))
    }
    assert heeded == HEEDED[view.name]


@pytest.mark.parametrize("view", PROJECTIONS, ids=lambda view: view.name)
def test_a_view_says_how_each_of_its_statements_is_executed(view: Projection) -> None:
    for subject, id in SUBJECTS.items():
        for sql, row in view.fold(decided(subject, id, *EVERY)):
            assert sql in view.kinds
            assert sql.gather is not None or len(row) == len(sql.names)
            assert sql.numbered("t").count("?") >= len(sql.names)


def test_a_run_that_is_not_expected_is_in_no_bucket() -> None:
    (history,) = [view for view in PROJECTIONS if view.name == "flow_run_history"]
    change = StateEntered(state=a_state(StateType.RUNNING), booked=Bookkeeping())
    assert list(history.fold(decided("flow_run", RUN, change))) == []


def test_a_run_that_was_in_no_bucket_leaves_none() -> None:
    (history,) = [view for view in PROJECTIONS if view.name == "flow_run_history"]
    for change in (FlowRunDeleted(id=RUN, left=LEFT), FlowRunDeleted(id=RUN)):
        assert list(history.fold(decided("flow_run", RUN, change))) == []
