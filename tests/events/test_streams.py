"""Names of keys, and which partition a proposal goes to."""

from typing import Any
from uuid import UUID

import pytest

from events.changes import LogLine
from events.entities import flow_run_key, task_cache_key
from events.identity import cache_id_of, task_run_id_of
from events.proposals import (
    AmendFlowRun,
    AmendTaskRun,
    CacheTaskState,
    CreateFlowRun,
    CreateTaskRun,
    DeleteFlowRun,
    DeleteInput,
    DeleteTaskRun,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
    RecordedFields,
    RecordTaskRun,
    RegisterFlow,
    ResumeFlowRun,
    StoreInput,
    WriteLogs,
)
from events.states import ProposedState, State, StateType
from events.streams import Streams
from tests.support.examples import NOON

STREAMS = Streams()
FLOW_RUN = UUID("0190a5b2-6f2e-4a10-9a77-000000000003")
TASK_RUN = UUID("0190a5b2-6f2e-4a10-9a77-000000000005")
RUNNING = ProposedState(type=StateType.RUNNING)
ENTERED = State(id=FLOW_RUN, type=StateType.RUNNING, name="Running", timestamp=NOON)
PLACE: dict[str, Any] = {"task_key": "load", "dynamic_key": "0"}
FIELDS = RecordedFields(task_key="load", dynamic_key="0")


def test_the_keys_are_these() -> None:
    streams = Streams(partitions=2, prefix="p")

    assert streams.format == "p:format"
    assert streams.workers == "p:workers"
    assert streams.probe == "p:probe"
    assert streams.proposals(0) == "p:{0}:proposals"
    assert streams.transitions(1) == "p:{1}:transitions"
    assert streams.dead_letters(0) == "p:{0}:dead_letters"
    assert streams.resubmitted(0) == "p:{0}:resubmitted"
    assert streams.snapshots(0) == "p:{0}:snapshots"
    assert streams.head(0) == "p:{0}:head"
    assert streams.lease(0) == "p:{0}:lease"
    assert streams.replies(0, "me") == "p:{0}:replies:me"
    assert streams.proposals(2) == "p:{control}:proposals"


def test_the_control_partition_comes_after_the_others() -> None:
    assert STREAMS.control == 8
    assert list(STREAMS.every()) == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert STREAMS.name(STREAMS.control) == "control"


@pytest.mark.parametrize(
    ("proposal", "partition"),
    [
        (RegisterFlow(id="p", name="etl"), STREAMS.control),
        (CreateFlowRun(id="p", flow_run_id=FLOW_RUN, flow_id=TASK_RUN), 3),
        (ProposeFlowRunState(id="p", flow_run_id=FLOW_RUN, state=RUNNING), 3),
        (AmendFlowRun(id="p", flow_run_id=FLOW_RUN), 3),
        (CreateTaskRun(id="p", flow_run_id=FLOW_RUN, task_run_id=TASK_RUN, **PLACE), 3),
        (CreateTaskRun(id="p", task_run_id=TASK_RUN, **PLACE), 5),
        (
            CreateTaskRun(id="p", **PLACE),
            STREAMS.of_run(task_run_id_of(None, "load", "0")),
        ),
        (
            ProposeTaskRunState(id="p", task_run_id=TASK_RUN, flow_run_id=FLOW_RUN, state=RUNNING),
            3,
        ),
        (ProposeTaskRunState(id="p", task_run_id=TASK_RUN, state=RUNNING), 5),
        (
            RecordTaskRun(
                id="p", task_run_id=TASK_RUN, flow_run_id=FLOW_RUN, state=ENTERED, task_run=FIELDS
            ),
            3,
        ),
        (RecordTaskRun(id="p", task_run_id=TASK_RUN, state=ENTERED, task_run=FIELDS), 5),
        (AmendTaskRun(id="p", task_run_id=TASK_RUN, flow_run_id=FLOW_RUN), 3),
        (DeleteTaskRun(id="p", task_run_id=TASK_RUN), 5),
        (DeleteFlowRun(id="p", flow_run_id=FLOW_RUN, task_run_ids=[TASK_RUN]), 3),
        (ResumeFlowRun(id="p", flow_run_id=FLOW_RUN), 3),
        (StoreInput(id="p", flow_run_id=FLOW_RUN, key="k", value="v"), 3),
        (DeleteInput(id="p", flow_run_id=FLOW_RUN, key="k"), 3),
        (CacheTaskState(id="p", key="k", state=ENTERED), STREAMS.of_run(cache_id_of("k"))),
        (
            WriteLogs(
                id="p",
                run_id=TASK_RUN,
                lines=[LogLine(id=TASK_RUN, name="n", level=20, message="m", timestamp=NOON)],
            ),
            5,
        ),
    ],
)
def test_a_run_and_all_that_belongs_to_it_live_in_one_partition(
    proposal: Proposal, partition: int
) -> None:
    assert STREAMS.of(proposal) == partition


def test_what_is_cached_lives_by_its_key_and_all_else_here() -> None:
    id = cache_id_of("k")

    assert STREAMS.of_key(task_cache_key(id), 1) == STREAMS.of_run(id)
    assert STREAMS.of_key(flow_run_key(FLOW_RUN), 1) == 1
