"""What a script has made so far, and lots drawn for what comes next."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple, TypeVar

from tests.parity.script import Step

T = TypeVar("T")

CLIENTS: Sequence[dict[str, str]] = (
    *({"X-PREFECT-API-VERSION": "0.8.4", "User-Agent": "prefect/3.9.1 (API 0.8.4)"},) * 8,
    {},
    {"X-PREFECT-API-VERSION": "0.8.3"},
    {"X-PREFECT-API-VERSION": "0.8.2"},
    {"X-PREFECT-API-VERSION": "0.8.4", "User-Agent": "prefect/3.4.10 (API 0.8.4)"},
    {"User-Agent": "prefect/3.0.2 (API 0.8.4)"},
)
"""Who asks: mostly a client of today, sometimes nobody says, sometimes an old one."""


class World:
    """The names bound so far, by what they name."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.made: dict[str, list[str]] = {}
        self.parents: dict[str, str] = {}
        """By subflow, the task run that stands for it."""
        self.deployed: dict[str, str] = {}
        """By flow run, the deployment that it is a run of."""
        self.client = random.choice(CLIENTS)

    def new(self, what: str) -> str:
        """A name for another *what*."""
        names = self.made.setdefault(what, [])
        names.append(f"{what}{len(names) + 1}")
        return names[-1]

    def any(self, what: str) -> str | None:
        """The name of some *what*, the latest most likely; none when there is none."""
        names = self.made.get(what)
        if not names:
            return None
        return names[-1] if self.chance(0.7) else self.random.choice(names)

    def reads(self, run: str) -> tuple[str, ...]:
        """What is read when a flow run has moved: itself, its task run as a subflow, its slots."""
        parent = self.parents.get(run)
        reads = [f"/flow_runs/${run}"]
        if parent is not None:
            reads.append(f"/task_runs/${parent}")
        if run in self.deployed:
            reads.append(f"/v2/concurrency_limits/deployment:${self.deployed[run]}")
        return tuple(reads)

    def moves_others(self, run: str) -> bool:
        """Whether more moves with the run than itself: a task run, or slots."""
        return run in self.parents or run in self.deployed

    def chance(self, probability: float) -> bool:
        """Whether the lot says yes."""
        return self.random.random() < probability

    def one(self, *choices: T) -> T:
        """One of them, each as likely."""
        return self.random.choice(choices)

    def some(self, **options: tuple[float, Callable[[], Any]]) -> dict[str, Any]:
        """Each option with its own probability, drawn only when it is taken."""
        return {name: draw() for name, (chance, draw) in options.items() if self.chance(chance)}


class Kind(NamedTuple):
    """How often a kind of step comes up, and how it is drawn; none where it makes no sense."""

    name: str
    weight: float
    draw: Callable[[World], Step | list[Step] | None]
