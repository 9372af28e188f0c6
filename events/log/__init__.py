"""The log: for each partition, decisions in the order in which they were made, never edited.

One contract, two implementations: `MemoryEventLog` and `RedisEventLog`. A commit is atomic: the
decisions, the snapshots they lead to, the replies, the dead letters and the offset up to which
proposals are answered appear together or not at all.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from ..decisions import Recorded
from ..streams import Streams

GENESIS = "0" * 64
"""The hash before the first entry."""

START = "0-0"
"""The id before the first entry of any stream."""


class Head(Struct, frozen=True, kw_only=True):
    """Where a partition's log ends. *offset* is the last proposals entry that was answered."""

    time_ms: int = 0
    position: int = 0
    hash: str = GENESIS
    offset: str = START

    @property
    def entry_id(self) -> str:
        return f"{self.time_ms}-{self.position}"


def time_ms(entry_id: str) -> int:
    """The millisecond in which the entry of this id was decided."""
    return int(entry_id.partition("-")[0])


class Entry(Struct, frozen=True, kw_only=True):
    """One decision as it is stored: its id, its JSON, the hash before it and its own."""

    entry_id: str
    proposal_id: str
    body: bytes
    previous: str
    hash: str

    @property
    def time_ms(self) -> int:
        """When it was decided."""
        return time_ms(self.entry_id)


Found = list[tuple[int, list[Entry]]]
"""What one read of several partitions found: each partition at most once, none without entries."""


class Reply(Struct, frozen=True, kw_only=True):
    """The answer for one proposer, as JSON; *to* is the client's name."""

    to: str
    proposal_id: str
    body: bytes


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A proposals entry that could not be decided, as it came, and why."""

    offset: str
    body: bytes
    reason: str
    field: str | None = None


class Enqueued(Struct, frozen=True):
    """A task run that waits for a worker of *task_key*; the lowest *score* goes first."""

    task_key: str
    task_run_id: str
    score: int


class Commit(Struct, frozen=True, kw_only=True):
    """Everything that follows from one batch of proposals.

    *expected* is the head that the batch was decided on; *head* the one after it. *forgotten*
    are the snapshot fields that are no more.
    """

    expected: Head
    head: Head
    entries: Sequence[Entry] = ()
    snapshots: Mapping[str, bytes] = {}
    forgotten: Sequence[str] = ()
    replies: Sequence[Reply] = ()
    enqueued: Sequence[Enqueued] = ()
    dead_letters: Sequence[DeadLetter] = ()
    lease: str | None = None


class Committed(Struct, frozen=True):
    """The commit stands, durably."""


class Conflict(Struct, frozen=True):
    """Someone else committed first, or an earlier attempt of ours did: read the head again."""


class LeaseLost(Struct, frozen=True):
    """The partition belongs to someone else now."""


class FormatMismatch(Exception):
    """The log was created with another number of partitions, or in another format.

    Start with the number of partitions that the message names, or use another prefix.
    """


class CorruptLog(Exception):
    """The log, or what is stored beside it, is not as we wrote it.

    Stop and let a person look: writing on would build on the damage.
    """


class EventLog(Protocol):
    """Read and append one log. Entry ids are `<ms>-<position>`; `START` is before all of them.

    What cannot reach its store raises that store's own errors; a commit may then stand or not,
    and the same commit can be given again: it is written once.
    """

    streams: Streams

    async def create(self) -> None:
        """Create the log, or find it; FormatMismatch when it was created otherwise."""
        ...

    async def head(self, partition: int) -> Head:
        """Where the partition's log ends now."""
        ...

    async def commit(self, partition: int, commit: Commit) -> Committed | Conflict | LeaseLost:
        """Append, if the partition's head is still the expected one.

        Committed also when *commit* already stands. CorruptLog when it cannot follow.
        """
        ...

    async def relayed(self, partition: int) -> str:
        """The id of the last entry whose follow-ups were forwarded."""
        ...

    async def set_relayed(self, partition: int, entry_id: str) -> None:
        """Remember that the follow-ups of all entries up to *entry_id* were forwarded."""
        ...

    async def snapshots(self, partition: int, fields: Sequence[str]) -> list[bytes | None]:
        """The stored values of these snapshot fields."""
        ...

    async def snapshots_everywhere(self, fields: Sequence[str]) -> dict[int, list[bytes | None]]:
        """The stored values of these snapshot fields in every partition, control included."""
        ...

    async def entries(self, partition: int, after: str = START, limit: int = 1_000) -> list[Entry]:
        """At most *limit* entries after the id *after*, oldest first."""
        ...

    async def entry(self, partition: int, entry_id: str) -> Entry | None:
        """The one entry with this id."""
        ...

    async def position(self, partition: int, position: int) -> Entry | None:
        """The entry at *position*, found by its place alone."""
        ...

    async def since(self, partition: int, time_ms: int, limit: int = 1_000) -> list[Entry]:
        """At most *limit* entries decided at *time_ms* or later, oldest first."""
        ...

    async def dead_letters(
        self, partition: int, after: str = START, limit: int = 1_000
    ) -> list[tuple[str, DeadLetter]]:
        """At most *limit* dead letters after the id *after*, each with its own id, oldest first."""
        ...

    def tail(self, after: Mapping[int, str], limit: int = 1_000) -> AsyncIterator[Found]:
        """What each read finds in the partitions in *after*, after these ids; waits for more.

        At most *limit* entries of a partition at once.
        """
        ...


__all__ = [
    "GENESIS", "START", "Commit", "Committed", "Conflict", "CorruptLog", "DeadLetter", "Enqueued",
    "Entry", "EventLog", "FormatMismatch", "Found", "Head", "LeaseLost", "Recorded", "Reply",
]  # fmt: skip
