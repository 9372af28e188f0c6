"""Claims: who stored the record of a notification sends it, and says what became of it.

A claim is over at its `until`. Whoever sends says so anew before each pause and the attempt after
it; whoever finds a claim that is over, and nothing said, records that it is unknown what became of
it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct, to_builtins
from redis.exceptions import RedisError

from events.changes import ResourceStored
from events.decisions import Decision, Outcome
from events.entities import Alias, Entity, FlowRunAttributes
from events.instants import Clock
from events.log import EventLog
from events.proposals import AmendResource, RemoveResource, StoreResource
from events.resources.notifications import (
    NOTIFICATION,
    FlowRunNotificationPolicy,
    Notification,
    Sending,
)
from events.resources.registry import name_key, resource_key
from events.states import State
from events.wire.replies import Answer
from events.wire.snapshots import entity_of

from ..errors import Unavailable
from ..patience import pause_s
from ..proposer import Proposer

BY = "notifier"

MARGIN = timedelta(seconds=10)
"""How much longer than its attempt a claim holds: what is decided late is not yet over."""

LOOK_S = 0.2
"""How long to wait before looking again at what somebody else sends."""

DIED = "whoever sent it died, or could not say what became of it"

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Wanted(Struct, frozen=True):
    """One notification to send: what the policy says of this state of this run."""

    policy: FlowRunNotificationPolicy
    run: FlowRunAttributes
    state: State


class Claim(Struct, frozen=True):
    """A notification that is ours to send, until then."""

    id: UUID
    until: datetime


class Claims:
    """The notifications of one log, for one notifier. Redis being away is waited for."""

    def __init__(
        self,
        *,
        log: EventLog,
        proposer: Proposer,
        now: Clock,
        new_id: Callable[[], UUID],
        attempt: timedelta,
        margin: timedelta = MARGIN,
    ) -> None:
        self._log = log
        self._proposer = proposer
        self._now = now
        self._new_id = new_id
        self._margin = margin
        self._span = attempt + margin
        self.trouble: str | None = None

    async def taken(self, wanted: Wanted, stop: asyncio.Event) -> Claim | bool:
        """The claim of *wanted*; or whether it is settled, which it may not be on a *stop*."""
        while not stop.is_set():
            found = await self._found(wanted)
            if found is None:
                claim = await self._made(wanted)
                if claim is not False:
                    return claim
            elif found.outcome is not Sending.CLAIMED or await self._is_over(found):
                return True
            else:
                await pause(stop, LOOK_S)
        return False

    async def recorded(self, wanted: Wanted, outcome: Sending, detail: str) -> None:
        """Record of *wanted*, unless somebody sends it, what became of it without an attempt."""
        if await self._found(wanted) is None:
            await self._stored(wanted, outcome=outcome, detail=detail)

    async def renewed(self, claim: Claim, attempts: int, pause_s: float = 0.0) -> Claim | None:
        """*claim* for one more attempt after a pause; None when it is not ours any more."""
        until = self._now() + timedelta(seconds=pause_s) + self._span
        while True:
            current = await self._read(claim.id)
            if (
                current is None
                or current.outcome is not Sending.CLAIMED
                or current.until != claim.until
            ):
                return None
            decision = await self._amended(
                current.id, {"attempts": attempts, "until": until}, current.revision
            )
            if decision is None or decision.outcome is Outcome.ACCEPT:
                return None if decision is None else Claim(claim.id, until)

    def is_late(self, claim: Claim) -> bool:
        """Whether too little of *claim* is left for an attempt."""
        return self._now() > claim.until - self._span + self._margin / 2

    async def settle(
        self, claim: Claim, outcome: Sending, detail: str | None, attempts: int
    ) -> None:
        """Say what became of it."""
        fields = {"outcome": outcome, "detail": detail, "attempts": attempts, "until": None}
        await self._amended(claim.id, fields)

    async def give_back(self, claim: Claim) -> None:
        """Claim it no longer: nothing was sent, and somebody else may."""
        await self._asked(
            RemoveResource(
                id=str(self._new_id()),
                at=self._now(),
                by=BY,
                kind=NOTIFICATION.name,
                resource_id=claim.id,
            )
        )

    async def _made(self, wanted: Wanted) -> Claim | bool:
        """Our claim; True when there can be none, False when somebody else's was first."""
        until = self._now() + self._span
        decision = await self._stored(wanted, attempts=1, until=until)
        if decision is None or decision.outcome is not Outcome.ACCEPT:
            return True  # the policy is gone
        if any(isinstance(change, ResourceStored) for change in decision.changes):
            return Claim(decision.subject_id, until)
        return False

    async def _is_over(self, found: Notification) -> bool:
        """Whether what somebody claimed is over, and that is recorded now."""
        if found.until is not None and self._now() <= found.until:
            return False
        fields = {"outcome": Sending.UNKNOWN, "detail": DIED, "until": None}
        decision = await self._amended(found.id, fields, found.revision)
        if decision is None or decision.outcome is not Outcome.ACCEPT:
            return False
        about = {"notification": str(found.id), "policy": str(found.policy_id), "because": DIED}
        _log.warning("notification_unknown", extra=about)
        return True

    async def _stored(self, wanted: Wanted, **fields: Any) -> Decision | None:
        made = Notification(
            id=self._new_id(),
            policy_id=wanted.policy.id,
            flow_run_id=wanted.run.id,
            state_id=wanted.state.id,
            state_name=wanted.state.name,
            **fields,
        )
        return await self._asked(
            StoreResource(
                id=str(self._new_id()), at=self._now(), by=BY, resource=made, if_exists="keep"
            )
        )

    async def _amended(
        self, id: UUID, fields: dict[str, Any], revision: int | None = None
    ) -> Decision | None:
        return await self._asked(
            AmendResource(
                id=str(self._new_id()),
                at=self._now(),
                by=BY,
                kind=NOTIFICATION.name,
                resource_id=id,
                fields=to_builtins(fields),
                revision=revision,
            )
        )

    async def _asked(
        self, proposal: StoreResource | AmendResource | RemoveResource
    ) -> Decision | None:
        """The decision; None when there can be none. The same proposal is asked until it is."""
        answer = await self._patiently(partial(self._proposer.propose, proposal))
        if isinstance(answer, Answer):
            return answer.decided()
        _log.error("notification_undecidable", extra={"because": answer.reason})
        return None

    async def _found(self, wanted: Wanted) -> Notification | None:
        key = name_key(Notification, policy_id=wanted.policy.id, state_id=wanted.state.id)
        alias = await self.entity(key)
        return await self._read(alias.id) if isinstance(alias, Alias) else None

    async def _read(self, id: UUID) -> Notification | None:
        found = await self.entity(resource_key(NOTIFICATION.name, id))
        return found if isinstance(found, Notification) else None

    async def entity(self, key: str) -> Entity | None:
        """What the control partition has under *key*."""
        control = self._log.streams.control
        return entity_of(key, await self._patiently(partial(self._log.snapshots, control, [key])))

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to what is asked again until Redis and a rule processor are there."""
        failures = 0
        while True:
            try:
                answer = await ask()
            except (RedisError, OSError, Unavailable) as error:
                failures += 1
                if self.trouble is None:
                    _log.warning("notifier_waiting", extra={"because": str(error)})
                self.trouble = str(error)
                await asyncio.sleep(pause_s(failures))
            else:
                self.trouble = None
                return answer


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until it is time to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
