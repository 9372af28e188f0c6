"""Partitions on a log in memory: what another has cached is found, what is deleted is gone."""

from collections.abc import Sequence
from itertools import count

import pytest

from events.changes import StateEntered
from events.decisions import Decision
from events.entities import Entity, FlowRun, flow_run_key, task_cache_key, task_run_key
from events.identity import cache_id_of
from events.log.memory import MemoryEventLog
from events.proposals import (
    CreateFlowRun,
    CreateTaskRun,
    DeleteFlowRun,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
)
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import Completed, Running
from events.streams import Streams
from events.wire.codec import decode_decision, encode
from events.wire.snapshots import entity_of, fields_of
from services.rule_processor.batch import Arrival
from services.rule_processor.health import Health
from services.rule_processor.partition import Partition
from services.rule_processor.relay import Relay
from tests.support.examples import FLOW, NOON
from tests.support.telling import an_id

pytestmark = pytest.mark.anyio

RUNNING = ProposedState(type=StateType.RUNNING)


class Partitions:
    """All partitions of a log in memory; follow-ups are decided after what caused them."""

    def __init__(self, log: MemoryEventLog) -> None:
        self.log = log
        self._offsets = count(1)
        self._follow_ups: list[Proposal] = []
        self._partitions = {each: self._partition(each) for each in log.streams.every()}

    def _partition(self, number: int) -> Partition:
        relay = Relay(self.log, number, self._send)
        return Partition(number, self.log, relay, Health(), lambda: NOON)

    def partition(self, number: int) -> Partition:
        return self._partitions[number]

    async def open(self) -> "Partitions":
        for partition in self._partitions.values():
            await partition.open()
        return self

    async def _send(self, follow_ups: Sequence[Proposal]) -> None:
        self._follow_ups += follow_ups

    async def ask(self, proposals: Sequence[Proposal]) -> None:
        """Decide these and what follows from them, each in a batch of its own."""
        waiting = list(proposals)
        while waiting:
            proposal = waiting.pop(0)
            arrival = Arrival(f"{next(self._offsets)}-0", encode(proposal), proposal)
            await self._partitions[self.log.streams.of(proposal)].handle([arrival])
            waiting += self._follow_ups
            self._follow_ups.clear()

    async def last(self, proposal: Proposal) -> Decision:
        """The last decision where *proposal* was decided."""
        entries = await self.log.entries(self.log.streams.of(proposal))
        return decode_decision(entries[-1].body)

    async def entity(self, key: str, number: int) -> Entity | None:
        return entity_of(key, await self.log.snapshots(number, fields_of(key)))


@pytest.fixture
async def partitions() -> Partitions:
    return await Partitions(MemoryEventLog(Streams(partitions=4))).open()


def _cached(key: str, state: ProposedState) -> ProposedState:
    return ProposedState(
        type=state.type, data=state.data, state_details=StateDetails(cache_key=key)
    )


async def _a_task_run(partitions: Partitions, number: int) -> None:
    """The flow run *number* runs; its task run, a hundred after it, is pending."""
    run, task = an_id(number), an_id(number + 100)
    await partitions.ask(
        [
            CreateFlowRun(id="a", flow_run_id=run, flow_id=FLOW, state=RUNNING),
            CreateTaskRun(
                id="b", flow_run_id=run, task_run_id=task, task_key="load", dynamic_key="0"
            ),
        ]
    )


def _to(number: int, state: ProposedState) -> ProposeTaskRunState:
    return ProposeTaskRunState(
        id=f"{state.type} {number}",
        task_run_id=an_id(number + 100),
        flow_run_id=an_id(number),
        state=state,
    )


@pytest.mark.parametrize("other", range(2, 6))
async def test_what_one_partition_caches_another_finds(partitions: Partitions, other: int) -> None:
    for number in (1, other):
        await _a_task_run(partitions, number)
    await partitions.ask([_to(1, _cached("k", Completed(data={"x": 1})))])
    lookup = _to(other, _cached("k", Running()))
    await partitions.ask([lookup])
    decision = await partitions.last(lookup)
    (entered,) = [each.state for each in decision.changes if isinstance(each, StateEntered)]
    assert (decision.rule, entered.name, entered.data) == ("CacheRetrieval", "Cached", {"x": 1})


async def test_what_was_cached_later_is_not_remembered_from_before(
    partitions: Partitions,
) -> None:
    for number in range(1, 6):
        await _a_task_run(partitions, number)
    home = partitions.log.streams.of_run(cache_id_of("k"))
    for number in range(1, 5):
        await partitions.ask([_to(number, _cached("k", Completed(data={"x": number})))])
        assert await partitions.entity(task_cache_key(cache_id_of("k")), home) is not None
    lookup = _to(5, _cached("k", Running()))
    await partitions.ask([lookup])
    decision = await partitions.last(lookup)
    (entered,) = [each.state for each in decision.changes if isinstance(each, StateEntered)]
    assert entered.data == {"x": 4}


async def test_what_is_deleted_is_in_no_snapshot_and_not_in_memory(
    partitions: Partitions,
) -> None:
    await _a_task_run(partitions, 1)
    run, task = an_id(1), an_id(101)
    number = partitions.log.streams.of_run(run)
    assert isinstance(await partitions.entity(flow_run_key(run), number), FlowRun)
    await partitions.ask([DeleteFlowRun(id="d", flow_run_id=run, task_run_ids=[task])])
    keys = (flow_run_key(run), task_run_key(task), f"task_place:{run}:load:0")
    fields = [field for key in keys for field in fields_of(key)]
    assert set(await partitions.log.snapshots(number, fields)) == {None}
    await partitions.ask([ProposeFlowRunState(id="e", flow_run_id=run, state=RUNNING)])
    ((_, letter),) = await partitions.log.dead_letters(number)
    assert letter.reason == f"Flow run with id {run} not found"


async def test_a_run_is_deleted_and_made_again_in_one_batch(partitions: Partitions) -> None:
    await _a_task_run(partitions, 1)
    run = an_id(1)
    again = CreateFlowRun(id="c", flow_run_id=run, flow_id=FLOW, name="again")
    batch = [DeleteFlowRun(id="d", flow_run_id=run), again]
    number = partitions.log.streams.of_run(run)
    arrivals = [Arrival(f"90-{place}", encode(each), each) for place, each in enumerate(batch)]
    await partitions.partition(number).handle(arrivals)
    made = await partitions.entity(flow_run_key(run), number)
    assert isinstance(made, FlowRun)
    assert (made.attributes.name, made.progress.version) == ("again", 1)
