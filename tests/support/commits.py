"""Commits for tests: entries that follow from a head, at noon unless told."""

from collections.abc import Mapping, Sequence

from events.log import Commit, Committed, DeadLetter, Enqueued, Entry, EventLog, Head, Reply
from events.log.chain import sealed

NOON_MS = 1_795_262_400_000
"""2026-11-21 12:00 UTC in milliseconds."""


def following(
    head: Head,
    *bodies: bytes,
    time_ms: int = NOON_MS,
    offset: str | None = None,
    snapshots: Mapping[str, bytes] | None = None,
    forgotten: Sequence[str] = (),
    replies: Sequence[Reply] = (),
    dead_letters: Sequence[DeadLetter] = (),
    enqueued: Sequence[Enqueued] = (),
    lease: str | None = None,
) -> Commit:
    """A commit of *bodies* on *head*, which answers the next proposals entry."""
    offset = offset or f"{int(head.offset.partition('-')[0]) + 1}-0"
    made = sealed(head, time_ms, [(f"proposal-{body.decode()}", body) for body in bodies])
    return Commit(
        expected=head,
        head=head_after(head, made, offset),
        entries=made,
        snapshots=snapshots or {},
        forgotten=forgotten,
        replies=replies,
        dead_letters=dead_letters,
        enqueued=enqueued,
        lease=lease,
    )


def head_after(head: Head, entries: Sequence[Entry], offset: str) -> Head:
    """The head when *entries* have followed *head* and all up to *offset* is answered."""
    if not entries:
        return Head(time_ms=head.time_ms, position=head.position, hash=head.hash, offset=offset)
    ms, _, position = entries[-1].entry_id.partition("-")
    return Head(time_ms=int(ms), position=int(position), hash=entries[-1].hash, offset=offset)


async def appended(
    log: EventLog, partition: int, *bodies: bytes, time_ms: int = NOON_MS
) -> list[Entry]:
    """The entries that one commit of *bodies* has made."""
    commit = following(await log.head(partition), *bodies, time_ms=time_ms)
    assert await log.commit(partition, commit) == Committed()
    return list(commit.entries)


def full(head: Head, *bodies: bytes) -> Commit:
    """A commit that writes every kind of key."""
    return following(
        head,
        *bodies,
        snapshots={"flow:1": b"snapshot"},
        forgotten=["flow:2"],
        replies=[Reply(to="me", proposal_id="p", body=b"reply")],
        dead_letters=[DeadLetter(offset="1-0", body=b"?", reason="no")],
        enqueued=[Enqueued("task", "run", 1)],
    )
