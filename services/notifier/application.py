"""The process: follows the log, and has sent what policies want told of the states of flow runs."""

import asyncio
import logging
from asyncio import FIRST_COMPLETED
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import DecodeError
from redis.exceptions import RedisError

from events.changes import StateEntered
from events.decisions import Decision
from events.entities import FlowRun, flow_run_key
from events.instants import Clock, millis_of
from events.log import START, CorruptLog, Entry, EventLog, Found, time_ms
from events.resources.notifications import FlowRunNotificationPolicy
from events.states import State
from events.wire.codec import decode_decision
from events.wire.snapshots import entity_of, fields_of

from ..patience import end, pause_s
from .claims import Claims, Wanted
from .courier import Courier
from .places import Places, Progress
from .policies import ABOUT_POLICIES, Policies, has_tag, names_state
from .receivers import WAITING_MAX, Receivers

READ_MAX = 1_000

REST_S = 0.02
"""How long the follower rests after each read: what comes meanwhile is read at once."""

SAVE_S = 1.0
"""How often the places are kept: what is read again is found claimed."""

HELD_MAX = 10_000
"""Notifications that wait in this process; the log is read on when there is room."""

LATEST = timedelta(days=1)
"""What is older is not told any more."""

FORGET = timedelta(minutes=10)

FLOW_RUN = "flow_run:"

TOO_MANY = "too many notifications wait for this block"

_log = logging.getLogger(__name__)


class Notifier:
    """Follows *log*, and gives what policies want to the *courier*.

    On a stop, what is being sent has *stop_s* seconds.
    """

    def __init__(
        self,
        *,
        redis: Any,
        log: EventLog,
        claims: Claims,
        courier: Courier,
        now: Clock,
        stop_s: float,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._log = log
        self._claims = claims
        self._courier = courier
        self._now = now
        self._stop_s = stop_s
        self._waiting_max = waiting_max
        self._kept = Places(redis, log.streams)
        self._policies = Policies()
        self._reached: dict[int, str] = {}
        self._progress = Progress({})
        self._saved: dict[int, str] = {}
        self._is_loaded = False
        self._receivers: Receivers | None = None
        self._following: asyncio.Task[None] | None = None
        self._trouble: str | None = "not started"

    def troubles(self) -> list[str]:
        """What keeps notifications from being sent, in words; empty when they are."""
        troubles = (self._trouble, self._claims.trouble)
        return list(dict.fromkeys(each for each in troubles if each is not None))

    async def run(self) -> None:
        """Serve until stopped; CorruptLog when that cannot go on."""
        receivers = self._receivers = Receivers(
            self._courier.deliver, self._refused, self._courier.is_away, self._waiting_max
        )
        following = self._following = asyncio.create_task(
            self._serve(receivers), name="notifier: follow"
        )
        try:
            await asyncio.wait((following, receivers.broken), return_when=FIRST_COMPLETED)
            if receivers.broken.done():
                receivers.broken.result()
            if not following.cancelled():
                following.result()
        except CorruptLog as error:
            self._trouble = str(error)
            raise
        finally:
            await end(following)
            await receivers.stop(self._stop_s)

    async def stop(self) -> None:
        """Read no more, finish what is being sent, and keep the places."""
        if self._following is None or self._receivers is None:
            return
        await end(self._following)
        await self._receivers.stop(self._stop_s)
        try:
            await self._save()
        except (RedisError, OSError) as error:
            _log.warning("places_not_kept", extra={"because": str(error)})

    async def _serve(self, receivers: Receivers) -> None:
        saving: asyncio.Task[None] | None = None
        failures = 0
        try:
            while True:
                try:
                    if saving is None:
                        await self._load()
                        saving = asyncio.create_task(self._save_at_times(), name="notifier: save")
                    await self._catch_up(receivers)
                    self._trouble, failures = None, 0
                    await self._follow(receivers)
                except (RedisError, OSError) as error:
                    failures += 1
                    self._trouble = str(error)
                    _log.warning("notifier_waiting", extra={"because": str(error)})
                    await asyncio.sleep(pause_s(failures))
        finally:
            await end(saving)

    async def _load(self) -> None:
        self._policies, self._reached = await self._kept.read()
        self._progress = Progress(self._reached)
        self._is_loaded = True

    async def _catch_up(self, receivers: Receivers) -> None:
        """Read all that there is: first what policies are and were, then what was entered."""
        control = self._log.streams.control
        await self._read_on(control, receivers)
        for partition in self._log.streams.every():
            if partition != control and self._matters(partition):
                await self._read_on(partition, receivers)

    async def _read_on(self, partition: int, receivers: Receivers) -> None:
        control = self._log.streams.control
        while entries := await self._log.entries(partition, self._place(partition), READ_MAX):
            if partition != control:  # whose policies are those of its time
                await self._read_on(control, receivers)
            await self._take([(partition, entries)], receivers)

    async def _follow(self, receivers: Receivers) -> None:
        """Follow the log until other partitions matter than do now."""
        control, followed = self._log.streams.control, self._followed()
        after = {each: self._place(each) for each in followed}
        async for found in self._log.tail(after, READ_MAX):
            # a policy that was made before a state was entered is to be known
            found.sort(key=lambda each: each[0] != control)
            is_more = found[0][0] == control and len(found[0][1]) == READ_MAX
            if is_more:
                await self._take(found[:1], receivers)
                await self._read_on(control, receivers)
                await self._take(found[1:], receivers)
            else:
                await self._take(found, receivers)
            if is_more or self._followed() != followed:
                return
            await asyncio.sleep(REST_S)

    def _place(self, partition: int) -> str:
        return self._reached.get(partition, START)

    def _followed(self) -> set[int]:
        control = self._log.streams.control
        return {
            each for each in self._log.streams.every() if each == control or self._matters(each)
        }

    def _matters(self, partition: int) -> bool:
        """Whether a policy is active after what was read; the time until it was is skipped."""
        place_ms = time_ms(self._place(partition))
        earliest = max(place_ms, millis_of(self._now() - LATEST))
        since = self._policies.active_from(earliest)
        if since is not None and since > place_ms:
            self._reached[partition] = f"{since}-0"
        return since is not None

    async def _take(self, found: Found, receivers: Receivers) -> None:
        """Take over what was found, and have sent what is wanted; waits for room."""
        wanted: list[Wanted] = []
        for partition, entries in found:
            if partition == self._log.streams.control:
                self._fold(entries)
            else:
                wanted += await self._wanted(partition, entries)
        places = {partition: entries[-1].entry_id for partition, entries in found}
        self._reached |= places
        batch = self._progress.began(places, len(wanted))
        for each in wanted:
            await receivers.put(each, partial(self._progress.settled, batch))
        while receivers.held >= HELD_MAX:  # noqa: ASYNC110 - what makes room is many tasks
            await asyncio.sleep(REST_S)

    def _fold(self, entries: Sequence[Entry]) -> None:
        control = self._log.streams.control
        for entry in entries:
            if ABOUT_POLICIES.search(entry.body):
                self._policies.fold(self._decision(control, entry), entry.time_ms)

    async def _wanted(self, partition: int, entries: Sequence[Entry]) -> list[Wanted]:
        """What policies want told of what *entries* of *partition* say."""
        entered: list[tuple[UUID, State, list[FlowRunNotificationPolicy]]] = []
        for entry in entries:
            if not self._policies.may_want(entry.body):
                continue
            decision = self._decision(partition, entry)
            policies = list(self._policies.at(entry.time_ms))
            if not policies or not decision.subject.startswith(FLOW_RUN):
                continue
            for change in decision.changes:
                if isinstance(change, StateEntered):
                    about = [each for each in policies if names_state(each, change.state.name)]
                    entered += [(decision.subject_id, change.state, about)] if about else []
        runs = await self._runs(partition, {id for id, _, _ in entered})
        return [
            Wanted(policy, runs[id].attributes, state)
            for id, state, policies in entered
            if id in runs
            for policy in policies
            if has_tag(policy, runs[id].attributes.tags)
        ]

    async def _runs(self, partition: int, ids: Iterable[UUID]) -> dict[UUID, FlowRun]:
        """Those runs that there still are."""
        keys = {id: flow_run_key(id) for id in ids}
        fields = [field for key in keys.values() for field in fields_of(key)]
        values = iter(await self._log.snapshots(partition, fields))
        runs = {
            id: entity_of(key, [next(values) for _ in fields_of(key)]) for id, key in keys.items()
        }
        return {id: run for id, run in runs.items() if isinstance(run, FlowRun)}

    def _decision(self, partition: int, entry: Entry) -> Decision:
        try:
            return decode_decision(entry.body)
        except DecodeError as error:
            name = self._log.streams.name(partition)
            raise CorruptLog(
                f"partition {name}, entry {entry.entry_id} cannot be read: {error}"
            ) from error

    async def _refused(self, wanted: Wanted, stop: asyncio.Event) -> bool:
        del stop
        await self._courier.refuse(wanted, TOO_MANY)
        return True

    async def _save_at_times(self) -> None:
        forgot_at = self._now()
        while True:
            await asyncio.sleep(SAVE_S)
            if self._now() - forgot_at > FORGET:
                forgot_at = self._now()
                self._policies.forget(millis_of(forgot_at - LATEST))
            try:
                await self._save()
            except (RedisError, OSError) as error:
                _log.warning("places_not_kept", extra={"because": str(error)})

    async def _save(self) -> None:
        """Keep how far all is settled, if that is not known."""
        if not self._is_loaded:
            return
        control = self._log.streams.control
        # of policies nothing is left to be done once they are folded
        places = {**self._progress.places, control: self._place(control)}
        if places != self._saved:
            await self._kept.save(self._policies, places)
            self._saved = places
