"""Follow-ups leave for their partitions after the decision that caused them is committed.

The log is the outbox. A cursor in the partition's head says up to which entry everything was
forwarded; whoever opens the partition, or finds that another has written to it, goes through the
log from there. What is sent twice is answered once, because follow-ups have derived ids.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from events.log import EventLog
from events.proposals import Proposal
from events.wire.codec import decode_decision

Send = Callable[[Sequence[Proposal]], Awaitable[object]]


class Relay:
    """Forwards the follow-ups of one partition with *send*, in the order of the log."""

    def __init__(self, log: EventLog, partition: int, send: Send) -> None:
        self._log = log
        self._partition = partition
        self._send = send
        self._pending: list[Proposal] = []
        self._reached: str | None = None
        self._cursor: str | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def is_behind(self) -> bool:
        """Whether follow-ups wait to be sent."""
        return bool(self._pending)

    async def catch_up(self) -> int:
        """Forward what the log holds after the cursor; how many there were."""
        async with self._one_at_a_time:
            self._pending.clear()
            after = self._cursor = await self._log.relayed(self._partition)
            sent = 0
            while entries := await self._log.entries(self._partition, after):
                found = [
                    follow_up
                    for entry in entries
                    # most decisions have none, which their bytes tell sooner than decoding
                    if b'"follow_ups"' in entry.body
                    for follow_up in decode_decision(entry.body).follow_ups
                ]
                if found:
                    await self._send(found)
                    sent += len(found)
                after = entries[-1].entry_id
            self._reached = after
            return sent

    def add(self, follow_ups: Sequence[Proposal], entry_id: str) -> None:
        """Remember what the commit that ended with *entry_id* must have forwarded."""
        self._pending += follow_ups
        self._reached = entry_id

    async def flush(self) -> None:
        """Send what is pending, then move the cursor. Raises what sending and the log raise."""
        async with self._one_at_a_time:
            sending, reached = list(self._pending), self._reached
            if sending:
                await self._send(sending)
                del self._pending[: len(sending)]
            if reached is not None and reached != self._cursor:
                await self._log.set_relayed(self._partition, reached)
                self._cursor = reached
