"""The log on Redis streams: what a commit says stands as a whole, or not at all.

Theory of operation
-------------------

A partition is five keys with one hash tag, so that one script can write them and a cluster can
keep them together: `transitions`, a stream with an entry for each decision; `head`, a hash saying
where that stream ends, with which hash, and up to which proposals entry everything is answered;
`snapshots`, a hash with the entities as they are after the last entry; `dead_letters`, a stream of
what could not be decided; and one short-lived stream of replies for each proposer that waits.

**One writer at a time, without trusting clocks.** A writer decides a batch on the head that it has
read and names that head in its commit. `commit.lua` compares it with the head that is there: when
another writer has been faster, they differ, and nothing is written. That one comparison
acknowledges the proposals, tells repeats, and keeps stale writers out. The lease, where a token is
given, only spares a writer that has lost its partition the work of finding out; losing it to a
slow clock costs time, never correctness.

**All or nothing.** Redis runs a script alone, and its append-only file keeps it whole, but it does
not undo what a script wrote before it failed. The script therefore tries everything that can fail
before it writes: the types of the keys, and that the stream ends where the head says. Being
full, read-only or without its disk, Redis refuses at the first write and only there. Reply
streams are named by strangers; one that is unusable gets no reply and harms nobody.

**A lost answer.** When the connection breaks after the script has run, the client does not know.
Giving the same commit again is safe: the script finds the head already where the commit leads,
with the same hash, and says that it stands. The hash covers every entry before it and the
offset every proposal, so that this cannot be somebody else's work in disguise; should a rival
have decided the very same batch in the very same way, it makes no difference whose it was.
Clients may thus retry, and `commit` needs no second round trip to find out.

**Ids.** Entries are added under explicit ids, `<decided-at ms>-<position>`. Redis demands that ids
rise, and a position always rises, so the time may stand still but must not go back; that is
asserted. Reading by time is then one range read, from `<ms>-0`. Reading by position has to find
the millisecond: `m-<position>` is the first id at or after which the entry can be if it was
decided at `m`, so one probe says whether to look earlier or later, and hits when `m` is right.
Guessing `m` alternately in proportion and in the middle takes a handful of probes where
decisions come evenly, and at most two for each bit of the time the log spans where they do not.

**Following.** `tail` reads all its partitions with one blocking read. It wakes at the first new
entry and never blocks longer than half the socket's own timeout, which would look like a failure.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from hashlib import sha1
from importlib.resources import files
from itertools import chain
from typing import Any, cast

from msgspec import msgpack
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from ..streams import Streams
from . import (
    GENESIS,
    START,
    Commit,
    Committed,
    Conflict,
    CorruptLog,
    DeadLetter,
    Entry,
    FormatMismatch,
    Found,
    Head,
    LeaseLost,
)
from .chain import assert_follows
from .line import Argument, Lines
from .packing import Pieces

FORMAT_VERSION = 1
TAIL_BLOCK_MS = 2_000
COMMIT_SECONDS = 5
SOCKET_SECONDS = 5
"""What redis-py takes for a socket timeout when it is given none."""

COMMIT = (files("events.log") / "commit.lua").read_text("utf-8")
COMMIT_SHA = sha1(COMMIT.encode(), usedforsecurity=False).hexdigest()

_ANSWERS: dict[bytes, Committed | Conflict | LeaseLost] = {
    b"OK": Committed(),
    b"CONFLICT": Conflict(),
    b"LEASE": LeaseLost(),
}


class RedisEventLog:
    """The log on one Redis; its errors are redis-py's own. *redis* must give bytes."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        self.streams = streams
        # redis-py declares most answers as "this or an awaitable of it", which nobody can await
        self._redis: Any = redis
        self._lines = Lines(redis, COMMIT_SECONDS)

    async def create(self) -> None:
        key, ours = self.streams.format, (self.streams.partitions, FORMAT_VERSION)
        async with self._redis.pipeline(transaction=True) as all_or_nothing:
            all_or_nothing.hsetnx(key, "partitions", ours[0])
            all_or_nothing.hsetnx(key, "version", ours[1])
            all_or_nothing.hmget(key, "partitions", "version")
            partitions, version = map(int, (await all_or_nothing.execute())[-1])
        if partitions != ours[0]:
            raise FormatMismatch(
                f"the log under {self.streams.prefix!r} has {partitions} partitions and was "
                f"opened with {ours[0]}: set the number to {partitions}, or use another prefix"
            )
        if version != ours[1]:
            raise FormatMismatch(
                f"the log under {self.streams.prefix!r} has format {version} and this version "
                f"reads format {ours[1]}: start the version that wrote it, or use another prefix"
            )

    async def head(self, partition: int) -> Head:
        values = await self._redis.hmget(self.streams.head(partition), "offset", "entry_id", "hash")
        offset, entry_id, own = (value and value.decode() for value in values)
        time_ms, position = _split(entry_id or START)
        return Head(time_ms=time_ms, position=position, hash=own or GENESIS, offset=offset or START)

    async def commit(self, partition: int, commit: Commit) -> Committed | Conflict | LeaseLost:
        assert_follows(commit)
        keys, arguments = self._script_call(partition, commit)
        call = (len(keys), *keys, *arguments)
        line = self._lines[partition]
        (said,) = await line.ask_idempotent([("EVALSHA", COMMIT_SHA, *call)])
        if isinstance(said, NoScriptError):
            (said,) = await line.ask_idempotent([("EVAL", COMMIT, *call)])
        if not isinstance(said, ResponseError):
            return _ANSWERS[said]
        if "CORRUPT" in str(said) or "WRONGTYPE" in str(said):
            raise CorruptLog(f"partition {self.streams.name(partition)}: {said}") from said
        raise said

    def _script_call(self, partition: int, commit: Commit) -> tuple[list[str], list[Argument]]:
        """The keys and arguments of `commit.lua`, in its order."""
        streams, expected, head = self.streams, commit.expected, commit.head
        clients = list(dict.fromkeys(reply.to for reply in commit.replies))
        places = {client: str(place) for place, client in enumerate(clients, start=1)}
        task_keys = list(dict.fromkeys(each.task_key for each in commit.enqueued))
        keys = [
            streams.head(partition),
            streams.transitions(partition),
            streams.snapshots(partition),
            streams.dead_letters(partition),
            streams.lease(partition),
            *(streams.replies(partition, client) for client in clients),
            *(streams.waiting(partition, task_key) for task_key in task_keys),
        ]
        groups: tuple[list[str | bytes], ...] = ([], [], [], [], [], [])
        entries, snapshots, forgotten, letters, answers, enqueued = groups
        for entry in commit.entries:
            entries += (entry.entry_id, entry.proposal_id, entry.hash, entry.body)
        for snapshot in commit.snapshots.items():
            snapshots += snapshot
        forgotten += commit.forgotten
        for letter in commit.dead_letters:
            letters += (letter.offset, letter.body, letter.reason, letter.field or "")
        for reply in commit.replies:
            answers += (places[reply.to], reply.body)
        for each in commit.enqueued:
            place = str(1 + task_keys.index(each.task_key))
            enqueued += (place, str(each.score), each.task_run_id)
        values = Pieces(
            value.encode() if isinstance(value, str) else value
            for value in chain.from_iterable(groups)
        )
        arguments: list[Argument] = [
            commit.lease or "",
            *(expected.offset, expected.entry_id, expected.hash),
            *(head.offset, head.entry_id, head.hash),
            *map(len, groups),
            len(clients),
            msgpack.encode(list(map(len, values))),
            values,
        ]
        return keys, arguments

    async def relayed(self, partition: int) -> str:
        value = await self._redis.hget(self.streams.head(partition), "relayed")
        return START if value is None else value.decode()

    async def set_relayed(self, partition: int, entry_id: str) -> None:
        await self._redis.hset(self.streams.head(partition), "relayed", entry_id)

    async def snapshots(self, partition: int, fields: Sequence[str]) -> list[bytes | None]:
        if not fields:
            return []
        return await self._redis.hmget(self.streams.snapshots(partition), fields)

    async def snapshots_everywhere(self, fields: Sequence[str]) -> dict[int, list[bytes | None]]:
        if not fields:
            return {each: [] for each in self.streams.every()}
        pipeline = self._redis.pipeline(transaction=False)
        for partition in self.streams.every():
            pipeline.hmget(self.streams.snapshots(partition), fields)
        return dict(zip(self.streams.every(), await pipeline.execute(), strict=True))

    async def entries(self, partition: int, after: str = START, limit: int = 1_000) -> list[Entry]:
        return await self._range(partition, f"({after}", "+", limit)

    async def entry(self, partition: int, entry_id: str) -> Entry | None:
        return next(iter(await self._range(partition, entry_id, entry_id, 1)), None)

    async def since(self, partition: int, time_ms: int, limit: int = 1_000) -> list[Entry]:
        return await self._range(partition, f"{time_ms}-0", "+", limit)

    async def position(self, partition: int, position: int) -> Entry | None:
        head = await self.head(partition)
        oldest = await self._range(partition, "-", "+", 1)
        if not oldest:
            return None
        low, high = _split(oldest[0].entry_id), (head.time_ms, head.position)
        halve = False
        while low[0] <= high[0] and low[1] <= position:
            guess = _between(low, high, position, halve)
            found = await self._range(partition, f"{guess}-{position}", "+", 1)
            if not found:
                return None
            time_ms, place = _split(found[0].entry_id)
            if place == position:
                return found[0]
            if place < position:
                low = (time_ms, place)
            else:
                high = (guess - 1, place)
            halve = not halve
        return None

    async def dead_letters(
        self, partition: int, after: str = START, limit: int = 1_000
    ) -> list[tuple[str, DeadLetter]]:
        rows = await self._redis.xrange(
            self.streams.dead_letters(partition), f"({after}", "+", count=limit
        )
        return [(id.decode(), _letter(fields)) for id, fields in rows]

    async def tail(self, after: Mapping[int, str], limit: int = 1_000) -> AsyncIterator[Found]:
        partitions = {self.streams.transitions(each).encode(): each for each in after}
        cursors = {key: after[partition] for key, partition in partitions.items()}
        block_ms = self._block_ms()
        while True:
            answer = await self._redis.xread(cursors, count=limit, block=block_ms)
            found: Found = []
            for key, rows in _by_stream(answer):
                entries = [_entry(id, fields) for id, fields in rows]
                cursors[key] = entries[-1].entry_id
                found.append((partitions[key], entries))
            if found:
                yield found

    def _block_ms(self) -> int:
        """How long one read may wait: well within what the socket takes for a failure."""
        settings = self._redis.connection_pool.connection_kwargs
        seconds: float | None = settings.get("socket_timeout", SOCKET_SECONDS)
        return TAIL_BLOCK_MS if seconds is None else min(TAIL_BLOCK_MS, int(seconds * 500))

    async def _range(self, partition: int, first: str, last: str, limit: int) -> list[Entry]:
        key = self.streams.transitions(partition)
        rows = await self._redis.xrange(key, first, last, count=limit)
        return [_entry(id, fields) for id, fields in rows]


def _split(entry_id: str) -> tuple[int, int]:
    ms, _, position = entry_id.partition("-")
    return int(ms), int(position)


def _between(low: tuple[int, int], high: tuple[int, int], position: int, halve: bool) -> int:
    """A millisecond between the entries *low* and *high*, pairs of time and position."""
    if halve:
        return (low[0] + high[0]) // 2
    return low[0] + (high[0] - low[0]) * (position - low[1]) // max(1, high[1] - low[1])


def _entry(id: bytes, fields: dict[bytes, bytes]) -> Entry:
    return Entry(
        entry_id=id.decode(),
        proposal_id=fields[b"proposal_id"].decode(),
        body=fields[b"decision"],
        previous=fields[b"previous"].decode(),
        hash=fields[b"hash"].decode(),
    )


def _letter(fields: dict[bytes, bytes]) -> DeadLetter:
    return DeadLetter(
        offset=fields[b"offset"].decode(),
        body=fields[b"proposal"],
        reason=fields[b"reason"].decode(),
        field=fields[b"field"].decode() or None,
    )


def _by_stream(answer: Any) -> Iterable[tuple[bytes, list[tuple[bytes, dict[bytes, bytes]]]]]:
    """The parts of what XREAD said; protocol 3 gives a mapping, protocol 2 a list, each its own."""
    if isinstance(answer, dict):
        return [(key, rows[0]) for key, rows in cast("dict[bytes, Any]", answer).items()]
    return answer or ()
