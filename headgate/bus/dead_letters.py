"""Dead letters: proposals that could not be decided, as they came; each may be sent once more.

A dead letter is never changed or removed. That it was sent again is written beside it, once it
was sent; a crash in between does no harm, because the same proposal is decided only once.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct

from events.decisions import Undecidable
from events.log import START, DeadLetter, EventLog
from events.streams import PROPOSAL_FIELD
from events.wire.codec import decode_proposal

from ..errors import ForPeople

PAGE = 1_000


class WouldComeBack(ForPeople):
    """The proposal cannot be read; sent as it is, it would be a dead letter again."""


class Letter(Struct, frozen=True, kw_only=True):
    """A dead letter in its place. *again* is the proposals entry it was sent again as."""

    partition: int
    letter_id: str
    letter: DeadLetter
    again: str | None = None

    @property
    def name(self) -> str:
        """What a person calls it: its partition and its id."""
        return f"{self.partition}/{self.letter_id}"


async def letters(redis: Any, log: EventLog) -> AsyncIterator[Letter]:
    """All dead letters, by partition, oldest first."""
    for partition in log.streams.every():
        again = await redis.hgetall(log.streams.resubmitted(partition))
        after = START
        while page := await log.dead_letters(partition, after, PAGE):
            for letter_id, letter in page:
                entry = again.get(letter_id.encode())
                yield Letter(
                    partition=partition,
                    letter_id=letter_id,
                    letter=letter,
                    again=entry.decode() if entry else None,
                )
            after = page[-1][0]


async def resubmit(redis: Any, log: EventLog, letter: Letter, body: bytes | None = None) -> str:
    """Send *letter* again, or *body* in its place; the id of the new proposals entry.

    A body is sent to the partition that it belongs to, which may be another one.
    """
    streams, sent = log.streams, letter.letter.body if body is None else body
    proposal = decode_proposal(sent)
    if isinstance(proposal, Undecidable):
        where = f" at {proposal.field}" if proposal.field else ""
        raise WouldComeBack(
            f"dead letter {letter.name} would come back: {proposal.reason}{where}; "
            "correct its JSON and give it with --edited"
        )
    partition = streams.of(proposal)
    key = streams.proposals(partition)
    entry: bytes = await redis.xadd(key, {PROPOSAL_FIELD: sent})
    await redis.hset(
        streams.resubmitted(letter.partition), letter.letter_id, f"{partition}/{entry.decode()}"
    )
    return f"{partition}/{entry.decode()}"


def chosen(found: Sequence[Letter], names: Sequence[str]) -> list[Letter]:
    """The letters of these names; ForPeople when there is none of one."""
    by_name = {letter.name: letter for letter in found}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise ForPeople(f"there is no dead letter {missing[0]}; see `headgate dead-letters list`")
    return [by_name[name] for name in names]
