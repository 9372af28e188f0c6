"""The Python client: propose and hear the decision, wait for a state, follow the transitions.

It speaks to Redis and to nobody else, as any producer may; a rule processor has to run somewhere.
"""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from typing import Any, Self
from uuid import UUID

import anyio
from redis import exceptions

from services.patience import pause_s
from services.proposer import Proposer

from . import clock, reading
from ._language import (
    START,
    Answer,
    CreateFlowRun,
    FlowRun,
    Proposal,
    ProposedState,
    ProposeFlowRunState,
    Recorded,
    RegisterFlow,
    State,
    StateType,
    Unanswered,
    flow_run_key,
)
from .bus.connecting import connected, log_on
from .errors import ForPeople

AWAY = (exceptions.ConnectionError, exceptions.TimeoutError, OSError)
"""What may be over when it is tried again."""

_log = logging.getLogger(__name__)

Cursor = Mapping[int, str]
"""For each partition, the id of the last entry that was seen."""


class NotDecided(ForPeople):
    """No rule can answer the proposal: it is malformed, or its run is unknown; see the message."""

    def __init__(self, unanswered: Unanswered) -> None:
        where = f" at {unanswered.field}" if unanswered.field else ""
        super().__init__(f"{unanswered.reason}{where} (proposal {unanswered.proposal_id})")
        self.unanswered = unanswered


class FlowRunGone(ForPeople):
    """There is no such flow run, or none any more."""

    def __init__(self, flow_run_id: UUID) -> None:
        super().__init__(f"there is no flow run {flow_run_id}, or it was deleted")


class Headgate:
    """A client of the Headgate on *redis_url*; an asynchronous context manager.

    *timeout_s* bounds the wait for a decision. *name* must be unique among live clients.
    """

    def __init__(
        self,
        redis_url: str,
        *,
        prefix: str = "headgate",
        name: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._redis = connected(redis_url)
        self._prefix = prefix
        self._name = name or f"client-{clock.new_id()}"
        self._timeout_s = timeout_s
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            opening.push_async_callback(self._redis.aclose)
            self.log = await log_on(self._redis, self._prefix)
            self._proposer = await opening.enter_async_context(
                Proposer(
                    self._redis, self.log.streams, self._name, clock.now, timeout_s=self._timeout_s
                )
            )
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def propose(self, proposal: Proposal) -> Answer:
        """The decision on *proposal*: a refusal is an answer too.

        Raises `NotDecided` when no rule can answer, and `services.errors.Unavailable` when no
        answer came: proposing it again with the same id is then safe.
        """
        answer = await self._proposer.propose(proposal)
        if isinstance(answer, Unanswered):
            raise NotDecided(answer)
        return answer

    async def create_flow_run(
        self,
        flow: str,
        state: ProposedState | None = None,
        *,
        flow_run_id: UUID | None = None,
        **attributes: Any,
    ) -> UUID:
        """Create a run of the flow named *flow*, which is registered if need be; the run's id.

        *attributes* are fields of `CreateFlowRun`, such as `parameters` or `tags`. Giving the
        same *flow_run_id* again finds the run that there is.
        """
        registered = await self.propose(RegisterFlow(id=f"register/{clock.new_id()}", name=flow))
        found = registered.decided().subject_id
        id = flow_run_id or clock.new_id()
        await self.propose(
            CreateFlowRun(
                id=f"create/{id}", flow_run_id=id, flow_id=found, state=state, **attributes
            )
        )
        return id

    async def set_state(
        self, flow_run_id: UUID, state: ProposedState, *, force: bool = False, id: str | None = None
    ) -> Answer:
        """Propose that a flow run enter *state*; *id* makes a repetition known as one."""
        return await self.propose(
            ProposeFlowRunState(
                id=id or str(clock.new_id()), flow_run_id=flow_run_id, state=state, force=force
            )
        )

    async def flow_run(self, id: UUID) -> FlowRun | None:
        """The flow run as its last decision left it."""
        return await reading.flow_run(self.log, id)

    async def wait_for(
        self,
        flow_run_id: UUID,
        until: Collection[StateType] | Callable[[State], bool],
        timeout_s: float | None = None,
    ) -> State:
        """The first state the run is in from now on that is one of *until*, or fulfils it.

        Follows the log and does not poll. Raises TimeoutError, and `FlowRunGone` when there is no
        such run, or as soon as it is deleted.
        """
        fulfils = until if callable(until) else _one_of(until)
        with anyio.fail_after(timeout_s):
            partition = self.log.streams.of_run(flow_run_id)
            head = await self.log.head(partition)
            run = await self.flow_run(flow_run_id)
            if run is None:
                raise FlowRunGone(flow_run_id)
            if run.progress.state and fulfils(run.progress.state):
                return run.progress.state
            async for each in self._follow({partition: head.entry_id}):
                if each.decision.subject != flow_run_key(flow_run_id):
                    continue
                for state in reading.entered(each.decision):
                    if fulfils(state):
                        return state
                if reading.deletes(each.decision):
                    raise FlowRunGone(flow_run_id)
        raise AssertionError("the log's tail ended")

    async def ends(self) -> dict[int, str]:
        """A cursor at the end of every partition: what comes after it is yet to be decided."""
        every = self.log.streams.every()
        return {each: (await self.log.head(each)).entry_id for each in every}

    async def transitions(
        self, after: Cursor | str | None = None, run_id: UUID | None = None
    ) -> AsyncIterator[Recorded]:
        """Every decision after *after*, for ever, in order within a partition.

        *after* is a cursor; or one id for all partitions, where `<ms>-0` means from that time
        on and `0-0` from the start; or None: from now on. To resume, keep for each partition
        the `entry_id` seen last. With *run_id*, only this run's and its task runs'. While Redis
        is away it waits, and then goes on where it was.
        """
        if after is None:
            cursor = await self.ends()
        elif isinstance(after, str):
            cursor = dict.fromkeys(self.log.streams.every(), after)
        else:
            cursor = {each: after.get(each, START) for each in self.log.streams.every()}
        if run_id is not None:
            found = await reading.find_run(self.log, run_id)
            partition = found.partition if found else self.log.streams.of_run(run_id)
            cursor = {partition: cursor[partition]}
        async for each in self._follow(cursor):
            if run_id is None or reading.concerns(each.decision, run_id):
                yield each

    async def _follow(self, cursor: Cursor) -> AsyncIterator[Recorded]:
        reached, failures = dict(cursor), 0
        while True:
            try:
                async for found in self.log.tail(dict(reached)):
                    failures = 0
                    for partition, entries in found:
                        for entry in entries:
                            reached[partition] = entry.entry_id
                            yield reading.recorded(partition, entry)
            except AWAY as error:
                failures += 1
                if failures == 1:
                    _log.warning("Redis does not answer; waiting for it: %s", error)
                await anyio.sleep(pause_s(failures))


def _one_of(types: Collection[StateType]) -> Callable[[State], bool]:
    return lambda state: state.type in types
