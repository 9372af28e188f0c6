"""The one owner of a partition: every batch is decided and committed as a whole, or read again."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from redis.exceptions import RedisError

from events.decisions import Undecidable
from events.entities import Alias, Entity, Members, TaskRun
from events.instants import Clock, millis_of
from events.log import Commit, Committed, Conflict, CorruptLog, EventLog, Head, LeaseLost
from events.resources.registry import KINDS
from events.slots import ConcurrencyLease, ConcurrencyLimit
from events.wire.snapshots import entity_of, fields_of

from .. import rules
from ..errors import Unavailable
from ..patience import pause_s
from ..rules import TERMS, Terms
from .batch import Arrival, decided_together
from .cache import Cache
from .decider import Decided, Draft
from .gathering import Gatherer, ProposeMany, nobody_answers
from .health import Health
from .relay import Relay

PASSING = (RedisError, OSError, Unavailable)
"""What may be over when it is tried again."""

LEADS: frozenset[type] = frozenset(
    {Alias, ConcurrencyLease, ConcurrencyLimit, Members, TaskRun}
    | {kind.type for kind in KINDS.values()}
)
"""What may lead to more that a proposal needs."""

_log = logging.getLogger(__name__)


class Ended(Struct, frozen=True):
    """Why a partition is not served any more; one that is *broken* is not taken up again."""

    why: str
    is_broken: bool = False


class Partition:
    """Partition *number* of *log*, held under the lease token *lease*.

    `handle` is called with one batch at a time. What it leaves as `head.offset` is where the
    next batch begins, whatever became of this one. With *propose_many* it asks for slots;
    *terms* are those of the rules.
    """

    def __init__(
        self,
        number: int,
        log: EventLog,
        relay: Relay,
        health: Health,
        now: Clock,
        lease: str | None = None,
        propose_many: ProposeMany = nobody_answers,
        terms: Terms = TERMS,
    ) -> None:
        self.number = number
        self.name = log.streams.name(number)
        self.head = Head()
        self.cache = Cache()
        self.ended: Ended | None = None
        self._log = log
        self._relay = relay
        self._health = health
        self._now = now
        self._lease = lease
        self._terms = terms
        self._drafted: Decided | None = None
        self._is_stale = True
        self._closing = asyncio.Event()
        self._gatherer = Gatherer(self._read, log.streams.control, propose_many, self._closing)

    async def open(self) -> None:
        """Find out where the log ends, and forward what nobody has. Raises what the log raises."""
        await self._reload()

    def close(self) -> None:
        """Take no further batch; one in hand is finished if Redis answers."""
        self._closing.set()

    async def handle(self, arrivals: Sequence[Arrival]) -> None:
        """Decide *arrivals* and commit, trying for as long as it takes; or end."""
        failures = 0
        while not self.ended and not (failures and self._closing.is_set()):
            try:
                if await self._handled(arrivals):
                    if failures:
                        self._complain(None)
                    return
            except PASSING as error:
                failures += 1
                self._health.counts["commit_errors"] += 1
                self._complain(f"cannot commit: {error}")
                await self._pause(pause_s(failures))
            except CorruptLog as error:
                _log.critical("partition %s is given up: %s", self.name, error)
                self.end(str(error), is_broken=True)
        # Whatever is read from now on is somebody else's: wait to be stopped, do not read on.
        await self._closing.wait()

    def end(self, why: str, *, is_broken: bool = False) -> None:
        """Serve this partition no more."""
        self.ended = Ended(why, is_broken)

    async def tidy(self) -> None:
        """Send follow-ups that could not be sent at once, and move the cursor."""
        if not self._is_stale:
            await self._relay.flush()

    async def _handled(self, arrivals: Sequence[Arrival]) -> bool:
        """Whether *arrivals* are done with, be it that they must be read again."""
        if self._is_stale:
            await self._reload()
            return True
        if self._relay.is_behind:
            await self._relay.flush()  # who asks for slots finds those that were given back
        if self._drafted is None:
            self._drafted = await self._draft(arrivals)
        # After a lost answer this is the same commit again, which then says that it stands.
        said = await self._log.commit(self.number, self._drafted.commit)
        drafted, self._drafted = self._drafted, None
        match said:
            case Committed():
                await self._stands(drafted)
            case Conflict():
                self._health.counts["conflicts"] += 1
                _log.warning("partition %s: someone else has committed; reading anew", self.name)
                self._is_stale = True
                await self._reload()
            case LeaseLost():
                self._health.counts["leases_lost"] += 1
                self.end("the lease was lost")
                return False
        return True

    async def _draft(self, arrivals: Sequence[Arrival]) -> Decided:
        known = await self._known(arrivals)
        arrivals = decided_together(arrivals, known)
        draft = Draft(
            streams=self._log.streams,
            partition=self.number,
            head=self.head,
            known=known,
            time_ms=millis_of(self._now()),
            terms=self._terms,
        )
        for arrival in arrivals:
            draft.settle(arrival)
        while draft.asks:
            draft.resume(await self._gatherer.told(draft))
        earlier: dict[str, bytes] = {}
        for entry_id in draft.wanted:
            entry = await self._log.entry(self.number, entry_id)
            if entry is not None:
                earlier[entry_id] = entry.body
        return draft.finished(arrivals[-1].offset, self._lease, earlier)

    async def _stands(self, drafted: Decided) -> None:
        """Only now may memory know what was decided."""
        commit = drafted.commit
        self.head = commit.head
        self.cache.keep(drafted.changed)
        self._count(commit, drafted)
        self._relay.add(drafted.follow_ups, commit.head.entry_id)
        if drafted.follow_ups or self._relay.is_behind:
            try:
                await self._relay.flush()
            except PASSING as error:
                _log.warning("partition %s: follow-ups are late: %s", self.name, error)

    async def _known(self, arrivals: Sequence[Arrival]) -> dict[str, Entity]:
        """The entities that *arrivals* need and that exist."""
        asked = [each.proposal for each in arrivals if not isinstance(each.proposal, Undecidable)]
        keys = dict.fromkeys(key for proposal in asked for key in rules.needs(proposal))
        known, new = await self._fetched(keys, {}), keys
        while any(type(known.get(key)) in LEADS for key in new):
            wanted = (key for proposal in asked for key in rules.needs(proposal, known))
            new = dict.fromkeys(key for key in wanted if key not in keys)
            keys |= new
            known = await self._fetched(new, known)
        return known

    async def _fetched(
        self, keys: Mapping[str, None], known: dict[str, Entity]
    ) -> dict[str, Entity]:
        """*known* and what else of *keys* is in memory or, in one round trip, in Redis.

        What lives in other partitions changes without us, and is read from there each time.
        """
        streams = self._log.streams
        known |= self.cache.known(key for key in keys if key not in known)
        missing: dict[int, list[str]] = {}
        for key in keys:
            if key not in known:
                missing.setdefault(streams.of_key(key, self.number), []).append(key)
        for home, group in missing.items():
            known |= await self._read(home, group)
        return known

    async def _read(self, partition: int, keys: Sequence[str]) -> dict[str, Entity]:
        """Those of *keys* that exist in *partition*, in one round trip."""
        fields = [fields_of(key) for key in keys]
        values = iter(
            await self._log.snapshots(partition, [each for group in fields for each in group])
        )
        found: dict[str, Entity] = {}
        for key, group in zip(keys, fields, strict=True):
            try:
                entity = entity_of(key, [next(values) for _ in group])
            except (ValueError, msgspec.DecodeError) as error:
                name = self._log.streams.name(partition)
                raise CorruptLog(f"snapshot {key} of partition {name}: {error}") from error
            if entity is not None:
                found[key] = entity
        return found

    async def _reload(self) -> None:
        """Forget everything and begin where the log ends now."""
        self.cache.forget()
        self._drafted = None
        before, head = self.head, await self._log.head(self.number)
        if head.position < before.position:
            _log.error(
                "log_vanished: partition %s ended at %s and ends at %s now; what was between is "
                "lost, and proposals are decided anew",
                self.name,
                before.entry_id,
                head.entry_id,
            )
        self.head = head
        self._health.counts["follow_ups"] += await self._relay.catch_up()
        self._is_stale = False

    def _count(self, commit: Commit, drafted: Decided) -> None:
        counts = self._health.counts
        counts["batches"] += 1
        counts["decided"] += len(commit.entries)
        counts["repeated"] += drafted.repeated
        counts["dead_letters"] += len(commit.dead_letters)
        counts["follow_ups"] += len(drafted.follow_ups)

    def _complain(self, complaint: str | None) -> None:
        if self._health.partition_is(self.name, "commit", complaint):
            _log.warning("partition %s: %s", self.name, complaint or "commits again")

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass
