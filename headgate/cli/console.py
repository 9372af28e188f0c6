"""What commands print with: answers to standard output, everything else to standard error."""

import sys
from io import TextIOWrapper

from rich.console import Console
from rich.markup import escape
from rich.table import Table

WIDTH = 160
"""Columns where nobody has a terminal to say how many: enough for ids and a reason."""


def out() -> Console:
    """Where answers go."""
    return _console(stderr=False)


def err() -> Console:
    """Where progress and complaints go."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="replace")  # not every locale has an arrow, or what others wrote
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else WIDTH)


def complain(message: str) -> None:
    """Say what is wrong, a line for each thing."""
    console = err()
    for line in message.splitlines():
        console.print("[red]error:[/]", end=" ")
        console.print(printable(line), markup=False, soft_wrap=True)


def printable(text: str) -> str:
    """*text* without what would steer a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def plain(text: object) -> str:
    """*text*, which somebody else wrote, as it stands: no markup, nothing that steers."""
    return escape(printable(str(text)))


def listing(*columns: str, title: str | None = None) -> Table:
    """A table without lines, for lists."""
    table = Table(title=title, box=None, pad_edge=False, title_justify="left", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, header_style="dim", overflow="fold")
    return table


COLOURS = {
    "ACCEPT": "green", "REJECT": "yellow", "WAIT": "cyan", "ABORT": "red",
    "SCHEDULED": "yellow", "PENDING": "bright_black", "RUNNING": "blue", "COMPLETED": "green",
    "FAILED": "red", "CRASHED": "red", "CANCELLED": "bright_black", "CANCELLING": "bright_black",
    "PAUSED": "magenta",
}  # fmt: skip


def coloured(text: str, kind: str) -> str:
    """*text* in the colour of an outcome or a state type."""
    return f"[{COLOURS.get(kind, 'default')}]{plain(text)}[/]"
