"""The log in memory: the same promises as on Redis, for one process and as long as it lives."""

import asyncio
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence

from ..streams import Streams
from . import START, Commit, Committed, Conflict, DeadLetter, Entry, Found, Head, LeaseLost
from .chain import assert_follows


class _Partition:
    def __init__(self) -> None:
        self.head = Head()
        self.relayed = START
        self.entries: list[Entry] = []
        self.snapshots: dict[str, bytes] = {}
        self.dead_letters: list[tuple[str, DeadLetter]] = []
        self.waiting: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.replies: defaultdict[str, list[bytes]] = defaultdict(list)


class MemoryEventLog:
    """A log that nobody else can see. *leases* holds the token of each leased partition."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.leases: dict[int, str] = {}
        self._partitions = {partition: _Partition() for partition in streams.every()}
        self._grown = asyncio.Event()

    async def create(self) -> None:
        """Nothing to do: it was created with its streams."""

    async def head(self, partition: int) -> Head:
        return self._partitions[partition].head

    async def commit(self, partition: int, commit: Commit) -> Committed | Conflict | LeaseLost:
        assert_follows(commit)
        kept = self._partitions[partition]
        if kept.head == commit.head:
            return Committed()
        if commit.lease is not None and self.leases.get(partition) != commit.lease:
            return LeaseLost()
        if kept.head != commit.expected:
            return Conflict()
        kept.head = commit.head
        kept.entries.extend(commit.entries)
        kept.snapshots.update(commit.snapshots)
        for field in commit.forgotten:
            kept.snapshots.pop(field, None)
        for letter in commit.dead_letters:
            kept.dead_letters.append((f"0-{len(kept.dead_letters) + 1}", letter))
        for reply in commit.replies:
            kept.replies[reply.to].append(reply.body)
        for each in commit.enqueued:
            kept.waiting[each.task_key][each.task_run_id] = each.score
        self._grown.set()
        self._grown = asyncio.Event()
        return Committed()

    async def relayed(self, partition: int) -> str:
        return self._partitions[partition].relayed

    async def set_relayed(self, partition: int, entry_id: str) -> None:
        self._partitions[partition].relayed = entry_id

    async def snapshots(self, partition: int, fields: Sequence[str]) -> list[bytes | None]:
        return [self._partitions[partition].snapshots.get(field) for field in fields]

    async def snapshots_everywhere(self, fields: Sequence[str]) -> dict[int, list[bytes | None]]:
        return {each: await self.snapshots(each, fields) for each in self.streams.every()}

    async def entries(self, partition: int, after: str = START, limit: int = 1_000) -> list[Entry]:
        entries = self._partitions[partition].entries
        first = bisect_right(entries, _order(after), key=_place)
        return entries[first : first + limit]

    async def entry(self, partition: int, entry_id: str) -> Entry | None:
        found = await self.position(partition, _order(entry_id)[1])
        return found if found is not None and found.entry_id == entry_id else None

    async def position(self, partition: int, position: int) -> Entry | None:
        entries = self._partitions[partition].entries
        return entries[position - 1] if 1 <= position <= len(entries) else None

    async def since(self, partition: int, time_ms: int, limit: int = 1_000) -> list[Entry]:
        entries = self._partitions[partition].entries
        first = bisect_left(entries, (time_ms, 0), key=_place)
        return entries[first : first + limit]

    async def dead_letters(
        self, partition: int, after: str = START, limit: int = 1_000
    ) -> list[tuple[str, DeadLetter]]:
        letters = self._partitions[partition].dead_letters
        first = _order(after)[1]
        return letters[first : first + limit]

    async def replies(self, partition: int, client: str) -> list[bytes]:
        """What *client* was answered, oldest first."""
        return list(self._partitions[partition].replies[client])

    def waiting(self, partition: int, task_key: str) -> list[str]:
        """The task runs that wait for a worker of *task_key*, the first one first."""
        waiting = self._partitions[partition].waiting[task_key]
        return sorted(waiting, key=lambda id: waiting[id])

    async def tail(self, after: Mapping[int, str], limit: int = 1_000) -> AsyncIterator[Found]:
        cursors = dict(after)
        while True:
            grown = self._grown
            found: Found = []
            for partition, cursor in cursors.items():
                entries = await self.entries(partition, cursor, limit)
                if entries:
                    cursors[partition] = entries[-1].entry_id
                    found.append((partition, entries))
            if found:
                yield found
            else:
                await grown.wait()


def _order(entry_id: str) -> tuple[int, int]:
    ms, _, position = entry_id.partition("-")
    return int(ms), int(position)


def _place(entry: Entry) -> tuple[int, int]:
    return _order(entry.entry_id)
