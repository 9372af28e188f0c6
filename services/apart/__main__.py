"""The child: it answers one line of its input after the other, and each costs so much at most."""

import json
import resource
import signal
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

from msgspec import convert, to_builtins

from events.resources.schedules import RRuleSchedule

from ..rules.schedules import Limits, ScheduleInvalid, plan
from ..values import (
    NotHydrated,
    NotValid,
    SchemaUnusable,
    hydrated,
    load,
    problems,
    validated,
)

MEMORY_BYTES_MAX = 1 << 30


def answered(question: str, given: list[Any]) -> dict[str, Any]:
    """What comes of a question."""
    match question:
        case "planned":
            return planned(*given)
        case "validated":
            found: Any = validated(given[0], given[1], is_whole=given[2])
        case "problems":
            found = problems(*given)
        case _:
            found = hydrated(*given)
    match found:
        case SchemaUnusable():
            return {"unusable": to_builtins(found)}
        case NotHydrated() | NotValid():
            return {"reason": to_builtins(found)}
        case _ if question == "problems":
            return {"made": to_builtins(found)}
        case _:
            return {"made": found}


def planned(*given: Any) -> dict[str, Any]:
    """What comes of the question what is planned."""
    schedule, now, limits = given
    try:
        found = plan(
            convert(schedule, RRuleSchedule), convert(now, datetime), convert(limits, Limits)
        )
    except ScheduleInvalid as error:
        return {"invalid": str(error)}
    return {"made": to_builtins(found)}


def main(cpu_s: float) -> None:
    """Answer until nothing more is asked; what takes too much ends it, by a signal or an error."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever asks ends first
        signal.signal(number, signal.SIG_IGN)
    load()
    with suppress(OSError, ValueError):  # where there is no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        question, *given = json.loads(line)
        answer = json.dumps(answered(question, given)).encode()
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()


main(float(sys.argv[1]))
