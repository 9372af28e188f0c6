"""Stories: proposals decided by the rules, one after the other, and the log that they leave."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from events.changes import Change
from events.decisions import Decision, Recorded
from events.entities import Entity, FlowRun, TaskRun, flow_run_key, task_run_key
from events.evolve import evolve, learn
from events.instants import millis_of
from events.log import Commit, Committed, Entry, Head
from events.log.chain import sealed
from events.log.memory import MemoryEventLog
from events.proposals import (
    CreateFlowRun,
    Proposal,
    ProposeFlowRunState,
    RecordedFields,
    RecordTaskRun,
    StoreResource,
)
from events.resources.deployments import Deployment
from events.resources.work_pools import WorkPool
from events.states import DEFAULT_NAMES, ProposedState, State, StateDetails, StateType
from events.streams import Streams
from events.wire.codec import encode
from services.rules import decide
from tests.support.examples import FLOW, NOON


class Story:
    """What has happened in every partition; ids are numbers, instants seconds after noon."""

    def __init__(self, partitions: int = 2) -> None:
        self.streams = Streams(partitions=partitions)
        self.recorded: list[Recorded] = []
        self._known: defaultdict[int, dict[str, Entity]] = defaultdict(dict)
        self._positions: defaultdict[int, int] = defaultdict(int)
        self._proposals = 0

    def tell(self, proposal: Proposal, at: datetime = NOON) -> Recorded:
        """*proposal* is decided at *at*."""
        decided = self._decided(proposal, at)
        assert isinstance(decided, Decision), decided
        return self.happen(self.streams.of(proposal), decided)

    def tell_if_decidable(self, proposal: Proposal, at: datetime = NOON) -> None:
        """*proposal* is decided at *at*, unless nobody can."""
        decided = self._decided(proposal, at)
        if isinstance(decided, Decision):
            self.happen(self.streams.of(proposal), decided)

    def _decided(self, proposal: Proposal, at: datetime) -> object:
        return decide(self._known[self.streams.of(proposal)], proposal, at)

    def happen(self, partition: int, decision: Decision) -> Recorded:
        """*decision* is made."""
        self._positions[partition] += 1
        recorded = Recorded(
            partition=partition,
            position=self._positions[partition],
            time_ms=millis_of(decision.at),
            decision=decision,
        )
        learn(self._known[partition], evolve(self._known[partition], recorded))
        self.recorded.append(recorded)
        return recorded

    def change(self, subject: str, *changes: Change, at: datetime = NOON, version: int = 1) -> None:
        """*changes* happen to *subject*, whatever the rules would say."""
        partition = self.streams.of_run(UUID(subject.partition(":")[2]))
        self.happen(
            partition,
            Decision(
                proposal_id=self.next_id(),
                kind="told",
                subject=subject,
                version=version,
                at=at,
                changes=changes,
            ),
        )

    def next_id(self) -> str:
        self._proposals += 1
        return f"p{self._proposals}"

    def flow_run_of(self, id: UUID) -> FlowRun:
        """The flow run as it is now."""
        run = self._known[self.streams.of_run(id)][flow_run_key(id)]
        assert isinstance(run, FlowRun)
        return run

    def task_run_of(self, id: UUID, flow_run_id: UUID | None) -> TaskRun:
        """The task run as it is now."""
        run = self._known[self.streams.of_run(flow_run_id or id)][task_run_key(id)]
        assert isinstance(run, TaskRun)
        return run

    def batches(self) -> dict[int, list[Recorded]]:
        """What has happened, by partition."""
        told: defaultdict[int, list[Recorded]] = defaultdict(list)
        for recorded in self.recorded:
            told[recorded.partition].append(recorded)
        return dict(told)

    def entries(self) -> dict[int, list[Entry]]:
        """What has happened, by partition, as the log stores it."""
        return {partition: entries_of(batch) for partition, batch in self.batches().items()}

    async def log(self) -> MemoryEventLog:
        """A log in which it has happened."""
        log = MemoryEventLog(self.streams)
        for partition, entries in self.entries().items():
            await appended(log, partition, entries)
        return log


def entries_of(batch: Sequence[Recorded]) -> list[Entry]:
    """The first decisions of a partition as entries."""
    entries: list[Entry] = []
    head = Head()
    for recorded in batch:
        body = (recorded.decision.proposal_id, encode(recorded.decision))
        time_ms = max(recorded.time_ms, head.time_ms)
        entries += sealed(head, time_ms, [body])
        last = entries[-1]
        head = Head(time_ms=time_ms, position=recorded.position, hash=last.hash)
    return entries


async def appended(log: MemoryEventLog, partition: int, entries: Sequence[Entry]) -> None:
    """*entries* follow what is in *log*."""
    head = await log.head(partition)
    ms, _, position = entries[-1].entry_id.partition("-")
    after = Head(
        time_ms=int(ms),
        position=int(position),
        hash=entries[-1].hash,
        offset=f"{int(head.offset.partition('-')[0]) + 1}-0",
    )
    assert (
        await log.commit(partition, Commit(expected=head, head=after, entries=entries))
        == Committed()
    )


def an_id(number: int) -> UUID:
    """The id that a story gives the number."""
    return UUID(int=0x0190A5B26F2E7000_8000000000000000 + number)


def seconds(after_noon: float) -> datetime:
    """The instant so many seconds after noon."""
    return NOON + timedelta(seconds=after_noon)


def created(
    story: Story,
    number: int,
    at: float = 0,
    due: float | None = None,
    **fields: object,
) -> UUID:
    """A flow run is created, scheduled *due* seconds after noon or else pending."""
    id = an_id(number)
    state = ProposedState(type=StateType.PENDING)
    if due is not None:
        details = StateDetails(scheduled_time=seconds(due))
        state = ProposedState(type=StateType.SCHEDULED, state_details=details)
    given = {"flow_id": FLOW, "name": f"run-{number}", "state": state} | fields
    story.tell(CreateFlowRun(id=story.next_id(), flow_run_id=id, **given), seconds(at))  # pyright: ignore[reportArgumentType]
    return id


def deployed(story: Story, flow_id: UUID, id: UUID, pool_id: UUID) -> None:
    """A flow has a deployment, and there is a work pool."""
    for resource in (
        Deployment(id=id, flow_id=flow_id, name="nightly"),
        WorkPool(id=pool_id, name="cloud", type="process"),
    ):
        story.tell(StoreResource(id=story.next_id(), resource=resource))


def moved(story: Story, id: UUID, type: StateType, at: float, name: str | None = None) -> None:
    """A flow run is forced into a state."""
    state = ProposedState(type=type, name=name)
    story.tell(
        ProposeFlowRunState(id=story.next_id(), flow_run_id=id, state=state, force=True),
        seconds(at),
    )


def recorded(
    story: Story,
    number: int,
    type: StateType,
    at: float,
    flow_run_id: UUID | None = None,
    **fields: object,
) -> UUID:
    """An engine tells of a task run's state."""
    id = an_id(number)
    given = {"task_key": "load", "dynamic_key": str(number), "name": f"task-{number}"} | fields
    state = State(
        id=UUID(int=an_id(number).int ^ (int(at * 1000) << 64)),
        type=type,
        name=DEFAULT_NAMES[type],
        timestamp=seconds(at),
    )
    story.tell(
        RecordTaskRun(
            id=str(state.id),
            task_run_id=id,
            flow_run_id=flow_run_id,
            state=state,
            task_run=RecordedFields(**given),  # pyright: ignore[reportArgumentType]
        ),
        seconds(at),
    )
    return id
