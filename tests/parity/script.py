"""A script is a list of requests in which ids and instants have names: any server can play it.

In paths and bodies `$run1` stands for the id that an earlier step bound to `run1`, `{"$in": 60}`
for the instant a minute after the step is sent, and `~` in a text for letters that no other
performance has.
"""

from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.json import decode, encode, format


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request, and what is read afterwards."""

    kind: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = {}
    binds: str | None = None
    """The name that the answer's id gets."""
    then: tuple[str, ...] = ()
    """Paths that are read after the answer, and compared as it is."""
    is_unordered: bool = False
    """The answer is a list whose order means nothing."""
    settles: bool = False
    """Something follows from it a moment later; reads are repeated until then."""

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing, so that it can be repeated until all has settled."""
        return self.method == "GET" or self.path.endswith(("/filter", "/count", "/history"))


class Seen(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one answer says, in names that mean the same on any server."""

    asked: str
    status: int
    body: Any = None


class Observation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a step led to; nothing, where it names what no step before it has bound."""

    kind: str
    answer: Seen | None = None
    reads: list[Seen] = []


class Recording(Struct, frozen=True, kw_only=True):
    """A script and what the reference answers."""

    about: str
    steps: list[Step]
    expected: list[Observation] = field(default_factory=list[Observation])

    def save(self, path: Path) -> None:
        """Write it as JSON that a person can read."""
        path.write_bytes(format(encode(self), indent=1) + b"\n")


def recorded(path: Path) -> Recording:
    """The recording in a file."""
    return decode(path.read_bytes(), type=Recording)
