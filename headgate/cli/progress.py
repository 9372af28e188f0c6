"""How far something is that takes long; what is quick shows nothing."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .. import clock
from .console import err

SLOW_S = 2.0

Show = Callable[[str, int, int], None]
"""Told what is being worked on, how much of it is done, and how much there is."""


@contextmanager
def shown(verb: str) -> Generator[Show]:
    """A bar on a terminal, once it has taken a while: *verb*, then what is worked on."""
    bar = Progress(
        TextColumn(f"{verb} {{task.description}}"),
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=err(), transient=True, disable=not err().is_terminal,
    )  # fmt: skip
    with bar:
        task, started = bar.add_task("", visible=False), clock.elapsed_s()

        def show(what: str, done: int, total: int) -> None:
            is_slow = clock.elapsed_s() - started > SLOW_S
            bar.update(task, description=what, completed=done, total=total, visible=is_slow)

        yield show
