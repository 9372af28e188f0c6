"""What the gateway asks of the proposer: to propose and hear, and to append and know."""

from collections.abc import Sequence
from typing import Protocol

from events.proposals import Proposal
from events.wire.replies import Answer, Unanswered


class Proposing(Protocol):
    """Propose; raises `Unavailable` when Redis is away or no decision comes in time."""

    async def propose(self, proposal: Proposal) -> Answer | Unanswered:
        """The answer to *proposal*."""
        ...

    async def send_many(self, proposals: Sequence[Proposal]) -> Sequence[str]:
        """Append *proposals* durably, in order; their ids in the proposals streams."""
        ...

    async def send_raw(self, partition: int, bodies: Sequence[bytes]) -> object:
        """Append *bodies* as they are, for the dead letters."""
        ...
