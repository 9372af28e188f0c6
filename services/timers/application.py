"""The process: follows the log, sets timers, and proposes what is due."""

import asyncio
import logging
import re
from collections.abc import Collection, Sequence
from datetime import timedelta

from msgspec import DecodeError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.instants import Clock, millis_of
from events.log import CorruptLog, Entry, EventLog
from events.wire.codec import decode_decision

from ..errors import Unavailable
from ..patience import end, pause_s
from ..proposer import PIPELINE_MAX, Proposer
from ..rules.schedules import Limits
from .cascades import GROUP_MAX, Cascades
from .errands import Errands
from .following import ViewsBehind
from .foreman import Foreman
from .planning import Planner, Plans
from .sets import Outrun, TimerSets
from .setting import AT_ONCE, Periods, Spans, in_its_round, set_by
from .timer import (
    AnyTimer,
    Cascade,
    Expiry,
    Kind,
    Planning,
    Timer,
    Watch,
    kind_of,
    proposal_of,
    timer_of,
)
from .views import Views

DUE_MAX = 400
"""Timers of a partition in one round."""

READ_MAX = 1_000

REST_S = 0.02
"""How long the follower rests after each read: what comes meanwhile is one change, not many."""

LOOK_MS = 1_000
"""The longest wait without asking what is due: another process may have set it."""

OFF_MS = 600_000
"""When a timer is looked at again that was due while its kind was switched off."""

LIMITS = Limits()

_log = logging.getLogger(__name__)

_TIMED = re.compile(
    rb'"(?:SCHEDULED|PAUSED|CANCELLING|CANCELLED|flow_run_deleted\.v1'
    rb'|resource_stored\.v1|resource_removed\.v1|slots_taken\.v1|slots_given\.v1|lease_renewed\.v1)"'
)
"""No decision without one of these words sets or removes a timer; most are not decoded."""


class Timers:
    """Proposes what is due in *log*; *away* are errors of the views that pass.

    Timers of the kinds that are *off* are set and do not fire until they are on again; the
    others fire in rounds of *periods*. Deployments are planned *plan_max* at once, anew in rounds
    that are *replan* apart, and *ask_max* runs are asked for together.
    """

    def __init__(
        self,
        *,
        redis: Redis,
        log: EventLog,
        proposer: Proposer,
        now: Clock,
        spans: Spans,
        views: Views,
        limits: Limits = LIMITS,
        off: Collection[Kind] = (),
        periods: Periods = AT_ONCE,
        replan: timedelta | None = None,
        plan_max: int = 1,
        ask_max: int = PIPELINE_MAX,
        away: tuple[type[Exception], ...] = (),
        due_max: int = DUE_MAX,
    ) -> None:
        self._trouble: str | None = "not started"
        self._log = log
        self._off = frozenset(off)
        self._proposer = proposer
        self._now = now
        self._spans = spans
        self._periods = periods
        self._due_max = due_max
        self._sets = TimerSets(redis, log.streams)
        self.cascades = Cascades(log=log, views=views, proposer=proposer, now=now)
        self.planner = Planner(
            plans=Plans(redis, log.streams),
            log=log,
            views=views,
            proposer=proposer,
            now=now,
            limits=limits,
            ask_max=ask_max,
        )
        self.foreman = Foreman(log=log, proposer=proposer, now=now, silence=spans.silence)
        away = (RedisError, OSError, Unavailable, ViewsBehind, *away)
        self._looking = Errands(
            self.cascades.look,
            sets=self._sets,
            now=now,
            away=away,
            group_max=GROUP_MAX,
            period=periods.get("cascade"),
        )
        self._planning = Errands(
            self.planner.plan,
            sets=self._sets,
            now=now,
            away=away,
            group_max=plan_max,
            period=replan,
        )
        self._watching = Errands(
            self.foreman.look,
            sets=self._sets,
            now=now,
            away=away,
            group_max=GROUP_MAX,
            period=periods.get("watch"),
        )
        self._reached: dict[int, str] = {}
        self._looks_ms = 0
        self._stirred = asyncio.Event()

    def troubles(self) -> list[str]:
        """What keeps timers from firing, in words; empty when they do."""
        troubles = (
            self._trouble,
            self._looking.trouble,
            self._planning.trouble,
            self._watching.trouble,
        )
        return list(dict.fromkeys(trouble for trouble in troubles if trouble is not None))

    async def run(self) -> None:
        """Serve for ever; CorruptLog and Outrun when that cannot go on."""
        failures = 0
        while True:
            try:
                await self.catch_up()
                self._trouble, failures = None, 0
                await self._serve()
            except (RedisError, OSError, Unavailable) as error:
                failures += 1
                self._trouble = str(error)
                _log.warning("timers_waiting", extra={"because": str(error)})
                await asyncio.sleep(pause_s(failures))
            except (CorruptLog, Outrun) as error:
                self._trouble = str(error)
                raise

    async def catch_up(self) -> None:
        """Set all timers that the log knows of; before that, it is not known what is due."""
        for partition in self._log.streams.every():
            self._reached[partition] = await self._sets.reached(partition)
            while entries := await self._log.entries(partition, self._reached[partition], READ_MAX):
                await self._set(partition, entries)

    async def due(self) -> list[tuple[int, AnyTimer, int]]:
        """What is due now, with its partition and instant; notes when it is worth looking again."""
        now_ms = millis_of(self._now())
        due = await self._sets.due(self._log.streams.every(), now_ms, self._due_max)
        latest_ms = now_ms + LOOK_MS if due.is_all else now_ms
        self._looks_ms = latest_ms if due.next_ms is None else min(latest_ms, due.next_ms)
        return [
            (partition, timer_of(text), due_ms)
            for partition, found in due.timers.items()
            for text, due_ms in found
        ]

    async def _wanted(self) -> list[tuple[int, AnyTimer, int]]:
        """What is due now and not switched off; the rest is put off."""
        found = await self.due()
        off = [each for each in found if kind_of(each[1]) in self._off]
        if off:
            again_ms = millis_of(self._now()) + OFF_MS
            await self._sets.move((*each, again_ms) for each in off)
            found = [each for each in found if kind_of(each[1]) not in self._off]
        return found

    async def fire(self) -> bool:
        """Propose what is due now; whether there is more."""
        found = await self._wanted()
        now = self._now()  # not before what was due became so
        timers = [
            (partition, timer, due_ms)
            for partition, timer, due_ms in found
            if isinstance(timer, Timer | Expiry)
        ]
        if timers:
            proposals = [proposal_of(timer, due_ms, now) for _, timer, due_ms in timers]
            await self._proposer.send_many(proposals)
            await self._sets.move((*each, None) for each in timers)
            _log.info("timers_fired", extra={"count": len(timers)})
        await self._looking.take([(p, t, ms) for p, t, ms in found if isinstance(t, Cascade)])
        await self._planning.take([(p, t, ms) for p, t, ms in found if isinstance(t, Planning)])
        await self._watching.take([(p, t, ms) for p, t, ms in found if isinstance(t, Watch)])
        return self._looks_ms <= millis_of(now)

    async def _serve(self) -> None:
        tasks = [
            asyncio.create_task(self._follow(), name="timers: follow"),
            asyncio.create_task(self._looking.run(), name="timers: cascades"),
            asyncio.create_task(self._planning.run(), name="timers: plans"),
            asyncio.create_task(self._watching.run(), name="timers: foreman"),
        ]
        for task in tasks:
            task.add_done_callback(lambda _: self._stirred.set())
        try:
            while not any(task.done() for task in tasks):
                self._stirred.clear()
                if await self.fire():
                    continue
                wait_ms = self._looks_ms - millis_of(self._now())
                try:
                    async with asyncio.timeout(max(0, wait_ms) / 1_000):
                        await self._stirred.wait()
                except TimeoutError:
                    pass
        finally:
            await end(*tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def _follow(self) -> None:
        while True:
            async for found in self._log.tail(dict(self._reached), READ_MAX):
                stands = [await self._set(partition, entries) for partition, entries in found]
                if not all(stands):
                    break
                await asyncio.sleep(REST_S)

    async def _set(self, partition: int, entries: Sequence[Entry]) -> bool:
        """Bring the timers up to date with *entries*; False when somebody else was faster."""
        timers = self._timers_in(partition, entries)
        before, reached = self._reached[partition], entries[-1].entry_id
        if not await self._sets.advance(partition, before, reached, timers):
            self._reached[partition] = await self._sets.reached(partition)
            return False
        self._reached[partition] = reached
        if any(due_ms is not None and due_ms < self._looks_ms for due_ms in timers.values()):
            self._stirred.set()
        return True

    def _timers_in(self, partition: int, entries: Sequence[Entry]) -> dict[str, int | None]:
        """The timers that *entries* set and remove; of those that do both, the last counts."""
        timers: dict[str, int | None] = {}
        for entry in entries:
            if not _TIMED.search(entry.body):
                continue
            try:
                decision = decode_decision(entry.body)
            except DecodeError as error:
                name = self._log.streams.name(partition)
                raise CorruptLog(
                    f"partition {name}, entry {entry.entry_id} cannot be read: {error}"
                ) from error
            for timer, due_ms in set_by(decision, self._spans):
                timers[str(timer)] = self._round(timer, due_ms)
        return timers

    def _round(self, timer: AnyTimer, due_ms: int | None) -> int | None:
        return None if due_ms is None else in_its_round(due_ms, self._periods.get(kind_of(timer)))
