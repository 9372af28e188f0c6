"""Logs: one event per line, its name first and its fields after it; JSON where nobody reads.

The message of a record is the name of an event in the past tense; its fields are what was passed
as `extra`. Nothing is formatted into the message.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import IO, Literal

Format = Literal["auto", "lines", "json"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
_COLOURS = {"DEBUG": "2", "INFO": "36", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What the caller passed as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class Lines(logging.Formatter):
    """Readable lines: time, level, event, fields."""

    def __init__(self, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        at = f"{time.strftime('%H:%M:%S', time.localtime(record.created))}.{record.msecs:03.0f}"
        level = f"{record.levelname.lower():<7}"
        fields = " ".join(f"{name}={_shown(value)}" for name, value in fields_of(record).items())
        if self._coloured:
            at, fields = f"\x1b[2m{at}\x1b[0m", f"\x1b[2m{fields}\x1b[0m"
            level = f"\x1b[{_COLOURS.get(record.levelname, '0')}m{level}\x1b[0m"
        line = f"{at} {level} {record.getMessage()} {fields}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **fields_of(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(
    level: str = "info",
    format: Format = "auto",
    stream: IO[str] | None = None,
) -> None:
    """Send everything at *level* and above to *stream*, standard error when left out."""
    target = sys.stderr if stream is None else stream
    terminal = target.isatty()
    handler = logging.StreamHandler(target)
    readable = format == "lines" or (format == "auto" and terminal)
    handler.setFormatter(Lines(coloured=terminal) if readable else JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("uvicorn", "services.rule_processor.bus", "httpx", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _shown(value: object) -> str:
    text = str(value)
    return json.dumps(text) if not text or any(c.isspace() or c == '"' for c in text) else text
