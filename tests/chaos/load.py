"""Producers under fire: they propose, repeat themselves, send nonsense, remember every answer."""

import asyncio
from collections.abc import Sequence
from random import Random
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.proposals import CreateFlowRun, Proposal, ProposeFlowRunState
from events.states.constructors import Completed, Failed, Pending, Running
from events.streams import PROPOSAL_FIELD, Streams
from events.wire.replies import Answer
from headgate.clock import new_id
from services.errors import Unavailable
from services.proposer import Proposer

REPEATED = 0.03
POISONED = 0.01
PAUSE_S = 0.02
"""Between two runs of one producer: the machine is shared with those who are killed."""

POISON = (b"", b"no json", b"\xff\xfe", b'{"type":"nobody_knows.v1"}', b'{"data":"oops"}')


class Load:
    """Many producers at once; each moves run after run through its states."""

    def __init__(self, redis: Redis, streams: Streams, proposer: Proposer, random: Random) -> None:
        self.redis, self.streams, self.proposer, self.random = redis, streams, proposer, random
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
            run = new_id()
            await self._ask(CreateFlowRun(id=str(new_id()), flow_run_id=run, flow_id=flow_id))
            # In order and at once: whoever inverts the order of a run is found out.
            await asyncio.gather(*(self._ask(each) for each in self._moves(run)))
            await asyncio.sleep(PAUSE_S)

    def _moves(self, run: UUID) -> Sequence[Proposal]:
        end = Failed(message="boom") if self.random.random() < 0.3 else Completed()
        states = (Running(), end) if self.random.random() < 0.5 else (Pending(), Running(), end)
        return [
            ProposeFlowRunState(id=str(new_id()), flow_run_id=run, state=state) for state in states
        ]

    async def _ask(self, proposal: Proposal) -> None:
        self.open += 1
        if self.random.random() < POISONED:
            await self._poison(self.streams.of(proposal))
        again = 2 if self.random.random() < REPEATED else 1
        self.repeated += again - 1
        for _ in range(again):
            self._remember(await self._answer(proposal))
        self.open -= 1

    async def _answer(self, proposal: Proposal) -> Answer:
        while True:
            try:
                reply = await self.proposer.propose(proposal)
            except Unavailable:
                await asyncio.sleep(0.05)
                continue
            assert isinstance(reply, Answer), f"{proposal} was not decided: {reply}"
            return reply

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
