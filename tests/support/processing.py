"""A rule processor to start and kill at will, and proposals to feed it."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from events.log import Commit, Committed, Conflict, Entry, EventLog, LeaseLost
from events.log.redis import RedisEventLog
from events.proposals import CreateFlowRun, Proposal, ProposeFlowRunState
from events.states import ProposedState, StateType
from events.streams import PROPOSAL_FIELD, Streams
from events.wire.codec import decode_decision, encode
from headgate.clock import new_id, now
from services.proposer import Proposer
from services.rule_processor import RuleProcessor
from tests.support.waiting import wait_until

_names: Iterator[int] = count()


class GatedLog(RedisEventLog):
    """A log whose commits wait while the gate is shut, as a paused process's would."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        super().__init__(redis, streams)
        self.arrived = asyncio.Event()
        self.gate = asyncio.Event()

    async def commit(self, partition: int, commit: Commit) -> Committed | Conflict | LeaseLost:
        """Commit once the gate is open."""
        self.arrived.set()
        await self.gate.wait()
        return await super().commit(partition, commit)


class FlakyLog(RedisEventLog):
    """A log that fails *before* so many commits, and then *after* so many that stand."""

    before = 0
    after = 0

    async def commit(self, partition: int, commit: Commit) -> Committed | Conflict | LeaseLost:
        """Commit, or lose the question, or lose the answer."""
        if self.before:
            self.before -= 1
            raise ConnectionError("the question was lost")
        said = await super().commit(partition, commit)
        if self.after:
            self.after -= 1
            raise ConnectionError("the answer was lost")
        return said


def create(run: UUID | None = None, **fields: Any) -> CreateFlowRun:
    """A proposal that creates a flow run, any one."""
    id = fields.pop("id", None) or new_id().hex
    return CreateFlowRun(id=id, flow_run_id=run or new_id(), flow_id=UUID(int=1), **fields)


def propose(run: UUID, type: StateType, **fields: Any) -> ProposeFlowRunState:
    """A proposal that *run* enter a state of *type*, without asking whether it may."""
    fields = {"id": new_id().hex, "force": True, **fields}
    return ProposeFlowRunState(flow_run_id=run, state=ProposedState(type=type), **fields)


def run_in(partition: int) -> UUID:
    """The id of a run that lives in *partition*, whatever the number of partitions above it."""
    return UUID(int=(new_id().int & ~0xFFFF) | partition)


def processor_of(url: str, redis: Redis, log: EventLog, **settings: Any) -> RuleProcessor:
    """A rule processor of its own name, not started."""
    name = f"worker-{next(_names)}-{new_id().hex[-6:]}"
    return RuleProcessor(url=url, redis=redis, log=log, name=name, now=now, **settings)


@asynccontextmanager
async def processing(
    url: str, redis: Redis, streams: Streams, **settings: Any
) -> AsyncGenerator[RuleProcessor]:
    """A rule processor that is ready."""
    log = settings.pop("log", None) or RedisEventLog(redis, streams)
    async with processor_of(url, redis, log, **settings) as processor:
        await wait_until(lambda: not processor.ready())
        yield processor


@asynccontextmanager
async def proposing(
    redis: Redis, streams: Streams, timeout_s: float = 10.0
) -> AsyncGenerator[Proposer]:
    """A proposer of its own name."""
    async with Proposer(
        redis, streams, f"client-{next(_names)}", now, timeout_s=timeout_s
    ) as proposer:
        yield proposer


async def send(redis: Redis, streams: Streams, *proposals: Proposal | bytes, to: int = 0) -> None:
    """Append proposals to their streams; raw bytes to the stream of partition *to*."""
    pipeline = redis.pipeline(transaction=False)
    for each in proposals:
        partition = to if isinstance(each, bytes) else streams.of(each)
        body = each if isinstance(each, bytes) else encode(each)
        pipeline.xadd(streams.proposals(partition), {PROPOSAL_FIELD: body})
    await pipeline.execute()


async def logged(log: EventLog, partition: int) -> list[Entry]:
    """Everything in a partition's log."""
    found: list[Entry] = []
    while entries := await log.entries(partition, found[-1].entry_id if found else "0-0"):
        found += entries
    return found


async def decided_ids(log: EventLog, partition: int) -> list[str]:
    """The ids of the proposals that were decided in a partition, in the order of the log."""
    return [entry.proposal_id for entry in await logged(log, partition)]


async def reached(log: EventLog, partition: int, position: int) -> bool:
    """Whether a partition's log is at least *position* long."""
    return (await log.head(partition)).position >= position


async def states_of(log: EventLog, run: UUID, partition: int) -> list[StateType]:
    """The types of the states that *run* entered, in the order of the log."""
    entered: list[StateType] = []
    for entry in await logged(log, partition):
        decision = decode_decision(entry.body)
        if decision.subject == f"flow_run:{run}":
            for change in decision.changes:
                state = getattr(change, "state", None)
                if state is not None:
                    entered.append(state.type)
    return entered
