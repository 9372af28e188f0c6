"""What went wrong, each thing once for each place, with what it takes to see it again."""

from collections import Counter
from collections.abc import Iterator

SHOWN_MAX = 400


class Findings:
    """Failures by where they were seen and what they are."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._first: dict[tuple[str, str], str] = {}
        self._times: Counter[tuple[str, str]] = Counter()

    def found(self, where: str, what: str, example: str) -> None:
        """Note a failure."""
        self._first.setdefault((where, what), example)
        self._times[where, what] += 1

    def __len__(self) -> int:
        return self._times.total()

    def lines(self) -> Iterator[str]:
        """For a person to read."""
        for (where, what), times in self._times.most_common():
            yield f"{where}: {what} ({times} times)"
            yield f"    {self._first[where, what][:SHOWN_MAX]}"
