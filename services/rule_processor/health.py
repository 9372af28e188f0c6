"""What a rule processor says of itself: which partition is not served, why, and what it counted."""

from collections import Counter
from typing import Literal

Count = Literal[
    "batches",
    "decided",
    "repeated",
    "dead_letters",
    "follow_ups",
    "conflicts",
    "leases_lost",
    "read_errors",
    "commit_errors",
]


class Health:
    """Complaints by what they are about; no complaint means ready. Counters only grow."""

    def __init__(self) -> None:
        self.counts: Counter[Count] = Counter()
        self._process: str | None = "not started"
        self._partitions: dict[str, dict[str, str]] = {}

    def ready(self) -> list[str]:
        """What keeps this process from serving, in words; empty when it serves all it should."""
        process = [] if self._process is None else [self._process]
        return process + [
            f"partition {name}: {why}"
            for name, complaints in sorted(self._partitions.items())
            for why in complaints.values()
        ]

    def process_is(self, complaint: str | None) -> None:
        """Complain about the process as a whole, or stop complaining."""
        self._process = complaint

    def partition_is(self, name: str, part: str, complaint: str | None) -> bool:
        """Complain about one *part* of a partition, or stop; whether that is news."""
        complaints = self._partitions.setdefault(name, {})
        before = complaints.pop(part, None)
        if complaint is not None:
            complaints[part] = complaint
        return before != complaint

    def forget(self, name: str) -> None:
        """Say nothing of a partition that is not ours to serve."""
        self._partitions.pop(name, None)
