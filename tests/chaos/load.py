"""Producers under fire: they propose, repeat themselves, send nonsense, remember every answer."""

import asyncio
from collections.abc import Sequence
from random import Random
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.proposals import CreateFlowRun, Proposal, ProposeFlowRunState
from events.states import ProposedState
from events.states.constructors import Cancelled, Completed, Failed, Pending, Running, Scheduled
from events.streams import PROPOSAL_FIELD, Streams
from events.wire.replies import Answer
from headgate.clock import new_id, now
from services.proposer import Proposer
from tests.chaos.slots import Limited, answer

REPEATED = 0.03
POISONED = 0.01
LIMITED = 0.25
"""The share of runs that need a slot of a limit."""

CLIENT_VERSION = "3.9.1"
"""Of a client that renews its leases."""

PAUSE_S = 0.02
"""Between two runs of one producer: the machine is shared with those who are killed."""

POISON = (b"", b"no json", b"\xff\xfe", b'{"type":"nobody_knows.v1"}', b'{"data":"oops"}')


class Load:
    """Many producers at once; each moves run after run through its states."""

    def __init__(
        self,
        redis: Redis,
        streams: Streams,
        proposer: Proposer,
        random: Random,
        limited: Limited,
    ) -> None:
        self.redis, self.streams, self.proposer, self.random = redis, streams, proposer, random
        self.limited = limited
        self.slots_taken = 0
        self.slots_refused = 0
        self.answers: dict[str, Answer] = {}
        self.open = 0
        self.runs = 0
        self.poisoned = 0
        self.repeated = 0
        self.changed_answers: list[str] = []
        self.stopping = False

    async def run(self, producers: int) -> None:
        """Propose until `stopping` is set; ends when every proposal has its answer."""
        async with asyncio.TaskGroup() as group:
            for _ in range(producers):
                group.create_task(self._produce())

    async def _produce(self) -> None:
        flow_id = new_id()
        while not self.stopping:
            self.runs += 1
            await asyncio.sleep(PAUSE_S)
            if self.random.random() < LIMITED:
                run = await self.started(self.limited.any_of(self.random))
                if run is not None:
                    await self.ended(run)
                continue
            run = new_id()
            await self._ask(CreateFlowRun(id=str(new_id()), flow_run_id=run, flow_id=flow_id))
            # In order and at once: whoever inverts the order of a run is found out.
            await asyncio.gather(*(self._ask(each) for each in self._moves(run)))

    async def started(self, deployment: UUID) -> UUID | None:
        """A run that is under way and holds a slot; None when it found none, and was cancelled."""
        run = new_id()
        await self._ask(
            CreateFlowRun(
                id=str(new_id()),
                flow_run_id=run,
                flow_id=self.limited.flow_id,
                deployment_id=deployment,
                state=Scheduled(now()),
            )
        )
        for state in (Pending(), Running()):
            said = await self._ask(self._move(run, state))
            if said.state is None or said.state.type is not state.type:
                self.slots_refused += 1
                await self._ask(self._move(run, Cancelled()))
                return None
        self.slots_taken += 1
        return run

    async def ended(self, run: UUID) -> None:
        """Let a run that is under way end."""
        await self._ask(self._move(run, self._end()))

    def _end(self) -> ProposedState:
        return Failed(message="boom") if self.random.random() < 0.3 else Completed()

    def _move(self, run: UUID, state: ProposedState) -> ProposeFlowRunState:
        return ProposeFlowRunState(
            id=str(new_id()), flow_run_id=run, state=state, client_version=CLIENT_VERSION
        )

    def _moves(self, run: UUID) -> Sequence[Proposal]:
        end = self._end()
        states = (Running(), end) if self.random.random() < 0.5 else (Pending(), Running(), end)
        return [self._move(run, state) for state in states]

    async def _ask(self, proposal: Proposal) -> Answer:
        self.open += 1
        if self.random.random() < POISONED:
            await self._poison(self.streams.of(proposal))
        first = await answer(self.proposer, proposal)
        self._remember(first)
        if self.random.random() < REPEATED:
            self.repeated += 1
            self._remember(await answer(self.proposer, proposal))
        self.open -= 1
        return first

    def _remember(self, answer: Answer) -> None:
        first = self.answers.setdefault(answer.proposal_id, answer)
        if (first.entry_id, first.outcome) != (answer.entry_id, answer.outcome):
            self.changed_answers.append(answer.proposal_id)

    async def _poison(self, partition: int) -> None:
        body = self.random.choice(POISON) + b" " * self.random.randrange(3)
        key = self.streams.proposals(partition)
        try:
            await self.redis.xadd(key, {PROPOSAL_FIELD: body})
        except (RedisError, OSError):
            return  # whether it got through is told by the stream
        self.poisoned += 1
