"""The chain: each entry's hash covers its predecessor's, so that no entry can be changed unseen."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from . import Commit, Entry, Head


def hash_of(previous: str, entry_id: str, body: bytes) -> str:
    """SHA-256, in hexadecimal, over the predecessor's hash, the id, and the JSON as stored."""
    return sha256(b"%b %b %b" % (previous.encode(), entry_id.encode(), body)).hexdigest()


def sealed(head: Head, time_ms: int, decided: Iterable[tuple[str, bytes]]) -> list[Entry]:
    """The entries that *decided*, pairs of proposal id and JSON, make after *head*.

    *time_ms* is at least the head's, so that time never goes back.
    """
    entries: list[Entry] = []
    previous, position = head.hash, head.position
    for proposal_id, body in decided:
        position += 1
        entry_id = f"{time_ms}-{position}"
        own = hash_of(previous, entry_id, body)
        entries.append(
            Entry(
                entry_id=entry_id, proposal_id=proposal_id, body=body, previous=previous, hash=own
            )
        )
        previous = own
    return entries


def broken_at(head: Head, entries: Sequence[Entry]) -> Entry | None:
    """The first of *entries* that does not follow from what is before it, *head* at first."""
    previous, position, time_ms = head.hash, head.position, head.time_ms
    for entry in entries:
        ms, _, place = entry.entry_id.partition("-")
        follows = (
            entry.previous == previous
            and entry.hash == hash_of(previous, entry.entry_id, entry.body)
            and place == str(position + 1)
            and (ms.isascii() and ms.isdecimal() and int(ms) >= time_ms)
        )
        if not follows:
            return entry
        previous, position, time_ms = entry.hash, position + 1, int(ms)
    return None


def assert_follows(commit: Commit) -> None:
    """Fail unless *commit* leads from its expected head to its new one: the caller's duty.

    Its ids rise, its positions have no gap, its hashes are linked, and its offset moves on.
    """
    expected, head = commit.expected, commit.head
    previous, position, time_ms = expected.hash, expected.position, expected.time_ms
    for entry in commit.entries:
        ms, _, place = entry.entry_id.partition("-")
        assert int(place) == position + 1, f"{entry.entry_id} does not follow position {position}"
        assert int(ms) >= time_ms, f"{entry.entry_id} goes back from {time_ms} ms"
        assert entry.previous == previous, f"{entry.entry_id} is not linked to its predecessor"
        previous, position, time_ms = entry.hash, position + 1, int(ms)
    reached = (time_ms, position, previous)
    assert reached == (head.time_ms, head.position, head.hash), "the head is not the last entry"
    assert head.offset != expected.offset, "a commit answers at least one proposal"
