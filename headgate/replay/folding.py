"""One partition, folded from its first entry on; it stops at the first that does not follow."""

from msgspec import DecodeError

from events.decisions import Recorded
from events.entities import Entity
from events.evolve import evolve, learn
from events.log import Entry, EventLog, Head
from events.log.chain import broken_at, hash_of

from ..reading import PAGE, recorded


class Folding:
    """What *partition* says up to *head*: its entities by key, or what is wrong with it."""

    def __init__(self, log: EventLog, partition: int) -> None:
        self.partition = partition
        self.head = Head()
        self.known: dict[str, Entity] = {}
        self.faults: list[str] = []
        self._log = log

    async def page(self) -> list[Recorded]:
        """The next decisions; none at the end, or where something is wrong."""
        if self.faults:
            return []
        entries = await self._log.entries(self.partition, self.head.entry_id, PAGE)
        broken = broken_at(self.head, entries)
        page: list[Recorded] = []
        for entry in entries:
            if entry is broken:
                self._fault(f"entry {entry.entry_id}: {_why(self.head, entry)}")
                break
            try:
                each = recorded(self.partition, entry)
                learn(self.known, evolve(self.known, each))
            except (DecodeError, ValueError) as error:
                self._fault(f"entry {entry.entry_id} cannot be folded: {error}")
                break
            page.append(each)
            self.head = Head(time_ms=each.time_ms, position=each.position, hash=entry.hash)
        return page

    async def is_at_end(self) -> bool:
        """Whether there is nothing more to read; the log must then end where its head says."""
        if self.faults:
            return True
        head = await self._log.head(self.partition)
        if (head.entry_id, head.hash) == (self.head.entry_id, self.head.hash):
            return True
        if await self._log.entries(self.partition, self.head.entry_id, 1):
            return False
        self._fault(
            f"the log ends with entry {self.head.entry_id}, its head says {head.entry_id}"
            + ("" if head.entry_id != self.head.entry_id else " with another hash")
        )
        return True

    def _fault(self, what: str) -> None:
        name = self._log.streams.name(self.partition)
        self.faults.append(f"partition {name}, position {self.head.position + 1}: {what}")


def _why(head: Head, entry: Entry) -> str:
    """What is wrong with *entry*, which does not follow from *head*."""
    time_ms, _, position = entry.entry_id.partition("-")
    if int(position) != head.position + 1:
        return f"position {head.position + 1} is missing"
    if entry.hash != hash_of(entry.previous, entry.entry_id, entry.body):
        return "it was changed: its hash is not that of what it says"
    if entry.previous != head.hash:
        return "what comes before it was changed: it names another predecessor"
    return f"it goes back in time, from {head.time_ms} to {time_ms} ms"
