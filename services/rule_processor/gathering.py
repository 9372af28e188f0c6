"""What rules ask of the control partition is gathered for a whole batch at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from events.entities import Entity
from events.proposals import Proposal
from events.slots import Found, SlotsFound
from events.wire.replies import Answer, ReplyMessage

from ..errors import Unavailable
from ..rules import Told
from .decider import Draft

ProposeMany = Callable[[Sequence[Proposal]], Awaitable[list[ReplyMessage]]]
Read = Callable[[int, Sequence[str]], Awaitable[Mapping[str, Entity]]]

_log = logging.getLogger(__name__)


async def nobody_answers(_: Sequence[Proposal]) -> list[ReplyMessage]:
    """For a partition that has nobody to ask."""
    raise Unavailable("there is nobody to ask for slots")


class Gatherer:
    """Reads entities of the partition *control*, and proposes to it, until *closing*."""

    def __init__(
        self, read: Read, control: int, propose_many: ProposeMany, closing: asyncio.Event
    ) -> None:
        self._read = read
        self._control = control
        self._propose_many = propose_many
        self._closing = closing

    async def told(self, draft: Draft) -> dict[str, Told]:
        """The answers to what *draft* asks, by offset: one read and one batch of proposals.

        Raises what reading raises, and `Unavailable` when a proposal gets no answer.
        """
        asks = draft.asks
        keys = dict.fromkeys(key for ask in asks.values() for key in ask.look)
        known: Mapping[str, Entity] = {}
        if keys:
            known = await self._read(self._control, list(keys))
        takes = {offset: ask.take for offset, ask in asks.items() if ask.take is not None}
        replies = await self._answers(list(takes.values())) if takes else []
        slots = {offset: _slots(reply) for offset, reply in zip(takes, replies, strict=True)}
        return {
            offset: draft.told(offset).more(ask, known, slots.get(offset))
            for offset, ask in asks.items()
        }

    async def _answers(self, proposals: Sequence[Proposal]) -> list[ReplyMessage]:
        """The answers; whoever stops does not wait for them, for he may be the one who answers."""
        asking = asyncio.ensure_future(self._propose_many(proposals))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait((asking, closing), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise Unavailable("stopping before slots were answered for")
            return asking.result()
        finally:
            asking.cancel()
            closing.cancel()
            await asyncio.gather(asking, closing, return_exceptions=True)


def _slots(reply: ReplyMessage) -> SlotsFound:
    """What became of a wish for slots; what cannot be answered is not granted."""
    found = reply.decided().facts.slots if isinstance(reply, Answer) else None
    if found is None:
        _log.error("no slot for %s: %s", reply.proposal_id, reply)
        return SlotsFound(found=Found.FULL)
    return found
