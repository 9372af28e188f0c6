"""The process: holds leases, serves the partitions that they give it, and says how it is.

`start` and `stop` serve inside somebody else's event loop; `run` is a process of its own.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Self

from faststream import FastStream
from msgspec import Struct
from redis.asyncio import Redis

from events.instants import Clock
from events.log import CorruptLog, EventLog, FormatMismatch
from events.proposals import Proposal
from events.wire.replies import ReplyMessage

from ..errors import LogVanished
from ..patience import end, pause_s
from ..proposer import Proposer
from ..rules import TERMS, Terms
from .batch import Arrival, decode, parse
from .bus import Bus, Proposals
from .health import Health
from .leases import LEASE_MS, Leases
from .partition import PASSING, Partition
from .relay import Relay

BATCH_MAX = 500
"""Proposals per read: above that a transition gets no cheaper, and its proposer waits longer."""

BATCH_SMALL = 32
LINGER_S = 0.002
"""How long a partition rests after a batch of several proposals but fewer than `BATCH_SMALL`.

Several at once mean that several proposers are at work: their next proposals then share a commit.
A proposal that comes alone is decided at once.
"""

ASK_S = 3.0
"""How long a batch waits for the control partition before it is tried again."""

FATAL = (CorruptLog, FormatMismatch, LogVanished)

_log = logging.getLogger(__name__)


class Served(Struct, frozen=True):
    """A partition and the FastStream subscriber that feeds it."""

    partition: Partition
    subscriber: Any


class RuleProcessor:
    """Decides what is proposed in the partitions of *log* that it gets hold of.

    *url* is where subscribers read, *redis* a client of the same server, *name* unique to this
    life of this process.
    """

    def __init__(
        self,
        *,
        url: str,
        redis: Redis,
        log: EventLog,
        name: str,
        now: Clock,
        lease_ms: int = LEASE_MS,
        batch_max: int = BATCH_MAX,
        terms: Terms = TERMS,
    ) -> None:
        self.health = Health()
        self._log = log
        self._now = now
        self._batch_max = batch_max
        self._terms = terms
        self._streams = log.streams
        self._bus = Bus(url, len(self._streams.every()), self._reading)
        self._leases = Leases(redis, self._streams, name, lease_ms)
        self._proposer = Proposer(redis, self._streams, name, now, timeout_s=ASK_S)
        self._served: dict[int, Served] = {}
        self._broken: set[int] = set()
        self._names = {self._streams.proposals(each): each for each in self._streams.every()}
        self._is_known = False
        self._is_proposing = False
        self._stirred = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._fatal: Exception | None = None
        self.broken = asyncio.Event()
        """Set when it has stopped by itself; `stop` then raises why."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin to serve; Redis need not be there yet."""
        await self._bus.start()
        await self._begin()

    async def stop(self) -> None:
        """Finish the batches in hand, give the leases up, and end. Raises what broke meanwhile."""
        try:
            await self._end()
        finally:
            await self._bus.stop()

    async def run(self) -> None:
        """Serve until a signal asks to stop, or raise what cannot be helped."""
        app = FastStream(
            self._bus, logger=_log, after_startup=[self._begin], on_shutdown=[self._end]
        )
        self._exit = app.exit
        await app.run(log_level=logging.DEBUG)

    @property
    def partitions(self) -> set[int]:
        """The partitions that it serves now."""
        return set(self._served)

    def ready(self) -> list[str]:
        """What keeps it from serving, in words; empty when it serves all that it should."""
        stopped = [
            f"partition {served.partition.name}: its subscriber has stopped"
            for served in self._served.values()
            if not served.subscriber.running
        ]
        return self.health.ready() + stopped

    def _exit(self) -> None:
        """Nobody to tell, inside somebody else's event loop: `ready` and `broken` say it."""

    async def _begin(self) -> None:
        # a coroutine, because FastStream runs functions in a thread, which has no loop
        self.health.process_is("starting")
        self._keeper = asyncio.create_task(self._keep(), name="rule processor: leases")

    async def _end(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        await end(keeper)
        self.health.process_is(str(self._fatal or "stopped"))
        await self._give_up(list(self._served))
        await self._proposer.stop()
        self._is_proposing = False
        try:
            await self._leases.leave()
        except PASSING as error:
            _log.warning("leases are left to lapse: %s", error)
        if self._fatal is not None:
            raise self._fatal

    async def _keep(self) -> None:
        """Hold leases and serve what they give, for ever; the top of this process."""
        failures = 0
        while True:
            wait_s = self._leases.lease_ms / 3_000
            self._stirred.clear()
            try:
                await self._tend()
                self.health.process_is(None)
                failures = 0
            except PASSING as error:
                failures += 1
                self.health.process_is(f"Redis: {error}")
                _log.warning("leases cannot be held: %s", error)
                wait_s = min(wait_s, pause_s(failures))
            except Exception as error:  # noqa: BLE001 - the top: who is ready must be alive
                self._fatal = error
                self.health.process_is(f"{type(error).__name__}: {error}")
                trace = None if isinstance(error, FATAL) else error
                _log.critical("the rule processor stops: %s", error, exc_info=trace)
                await self._give_up(list(self._served))
                self.broken.set()
                self._exit()
                return
            await self._wait(wait_s)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            pass

    async def _tend(self) -> None:
        """One round: count, renew, give up what is too much or lost, take what is free."""
        if not self._is_known:
            await self._log.create()
            self._is_known = True
        is_there, live = await self._leases.heartbeat()
        if not is_there:
            raise LogVanished(f"the key {self._streams.format} is gone")
        await self._give_up(
            [each for each, served in self._served.items() if served.partition.ended]
        )
        held = await self._leases.hold(self._served)
        await self._give_up([each for each in self._served if each not in held])
        share = self._leases.share(live)
        await self._give_up(list(self._served)[share:])
        await self._take(share - len(self._served))
        alone = live == 1
        for each in self._streams.every():
            name = self._streams.name(each)
            if each in self._served or each in self._broken:
                continue
            if alone:
                self.health.partition_is(name, "lease", "held by a worker that is gone")
            else:
                self.health.forget(name)
        for served in list(self._served.values()):
            await served.partition.tidy()

    async def _take(self, wanted: int) -> None:
        """Serve up to *wanted* more partitions, of those that nobody holds."""
        if wanted <= 0:
            return
        idle = [
            each
            for each in self._streams.every()
            if each not in self._served and each not in self._broken
        ]
        free = (await self._leases.free(idle))[:wanted]
        for partition in sorted(await self._leases.hold(free)):
            await self._serve(partition)

    async def _serve(self, number: int) -> None:
        partition = Partition(
            number,
            self._log,
            Relay(self._log, number, self._proposer.send_many),
            self.health,
            self._now,
            self._leases.token,
            self._propose_many,
            self._terms,
        )
        await partition.open()
        subscriber: Any = self._bus.subscriber(
            stream=Proposals(
                self._streams.proposals(number), partition.head.offset, self._batch_max
            ),
            parser=parse,
            decoder=decode,
            no_reply=True,
            persistent=False,
            include_in_schema=False,
        )

        async def handle(arrivals: list[Arrival]) -> None:
            try:
                await partition.handle(arrivals)
            except Exception as bug:  # noqa: BLE001 - the top: FastStream would drop the batch
                _log.critical("partition %s is given up", partition.name, exc_info=bug)
                partition.end(f"internal error: {bug!r}", is_broken=True)
            finally:
                # FastStream moved on when it read; only a commit may say that we have.
                subscriber.last_id = partition.head.offset
                if partition.ended:
                    self._stirred.set()
            if 1 < len(arrivals) < BATCH_SMALL and not partition.ended:
                await asyncio.sleep(LINGER_S)

        subscriber(handle)
        self._served[number] = Served(partition, subscriber)
        try:
            await subscriber.start()
        except TimeoutError:
            await self._give_up([number])
            return
        self.health.partition_is(partition.name, "lease", None)

    async def _give_up(self, numbers: list[int]) -> None:
        """Stop serving these partitions, the batch in hand finished, and free their leases."""
        given_up = [self._served[number] for number in numbers]
        for served in given_up:
            served.partition.close()
        reading = [task for served in given_up for task in served.subscriber.tasks]
        await asyncio.gather(*(served.subscriber.stop() for served in given_up))
        # FastStream cancels the reads and goes: a connection must not outlive its loop
        await end(*reading)
        for number, served in zip(numbers, given_up, strict=True):
            partition = served.partition
            del self._served[number]
            self.health.forget(partition.name)
            if partition.ended and partition.ended.is_broken:
                self._broken.add(number)
                self.health.partition_is(partition.name, "broken", partition.ended.why)
        try:
            await self._leases.release(numbers)
        except PASSING as error:
            _log.warning("leases of %s are left to lapse: %s", numbers, error)

    async def _propose_many(self, proposals: Sequence[Proposal]) -> list[ReplyMessage]:
        """Ask the control partition, whoever serves it; who never asks keeps no line open."""
        if not self._is_proposing:
            self._is_proposing = True
            await self._proposer.start()
        return await self._proposer.propose_many(proposals)

    def _reading(self, stream: str, error: Exception | None) -> None:
        """The bus says that *stream* cannot be read, or can be again."""
        name = self._streams.name(self._names[stream])
        if error is not None:
            self.health.counts["read_errors"] += 1
        complaint = None if error is None else f"cannot read: {error}"
        if self.health.partition_is(name, "read", complaint):
            _log.warning("partition %s: %s", name, complaint or "reads again")
