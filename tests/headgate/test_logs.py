"""Logs are lines for people on a terminal and JSON elsewhere; the event's name comes first."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from headgate import logs


class Terminal(io.StringIO):
    """Text that believes to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_elsewhere_each_line_is_a_json_object() -> None:
    stream = io.StringIO()
    logs.configure("info", "auto", stream)
    logging.getLogger("services").info("view_behind", extra={"partition": 3, "because": "slow"})
    line = json.loads(stream.getvalue())
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "view_behind",
        "logger": "services",
        "partition": 3,
        "because": "slow",
    }


def test_on_a_terminal_lines_are_coloured() -> None:
    stream = Terminal()
    logs.configure("info", "auto", stream)
    logging.getLogger("services").warning("view_behind", extra={"partition": 3})
    assert "\x1b[33mwarning\x1b[0m view_behind \x1b[2mpartition=3\x1b[0m" in stream.getvalue()


def test_lines_in_a_file_have_no_colours_and_quote_what_has_spaces() -> None:
    stream = io.StringIO()
    logs.configure("info", "lines", stream)
    logging.getLogger("services").error("commit_failed", extra={"because": "disk full"})
    assert re.fullmatch(
        r'\d\d:\d\d:\d\d\.\d{3} error   commit_failed because="disk full"\n', stream.getvalue()
    )


@pytest.mark.parametrize("format", ["lines", "json"])
def test_a_traceback_is_kept(format: logs.Format) -> None:
    stream = io.StringIO()
    logs.configure("info", format, stream)
    try:
        raise ValueError("boom")
    except ValueError:
        logging.getLogger("services").exception("it_broke")
    assert "ValueError: boom" in stream.getvalue()


def test_what_is_below_the_level_is_not_shown() -> None:
    stream = io.StringIO()
    logs.configure("warning", "json", stream)
    logging.getLogger("services").info("started")
    assert stream.getvalue() == ""
