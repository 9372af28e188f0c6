"""The command line: a table of commands, each imported when it is asked for."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from cyclopts import App, CycloptsError
from redis.exceptions import RedisError

from events.log import CorruptLog, FormatMismatch
from services.errors import Unavailable

from ..errors import ForPeople, Misused
from ..settings import SettingsInvalid
from .console import complain

COMMANDS = {
    "dev": "processes.dev",
    "serve": "processes.serve",
    "propose": "propose",
    "show": "show",
    "watch": "watch",
    "history": "history",
    "limits": "limits",
    "keys": "keys",
    "replay": "replay",
    "rebuild": "upkeep.rebuild",
    "reset": "upkeep.reset",
    "dead-letters": "dead_letters",
    "doctor": "doctor",
    "settings": "about",
    "schema": "about",
    "version": "about",
}
"""The commands, and the modules that they are in."""

FAILED, MISUSED = 1, 2


def application(argv: Sequence[str]) -> App:
    """All commands; only the one that *argv* asks for is imported, or all to show their help."""
    app = App(
        name="headgate",
        help="An event-sourced orchestration server. Start with `headgate dev`.",
        version=lambda: version("headgate-service"),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for name, module in COMMANDS.items():
        function = name.replace("-", "_")
        path = f"{__name__}.commands.{module}"
        if argv and argv[0] in COMMANDS:
            app.command(f"{path}:{function}", name=name)
        else:
            app.command(getattr(import_module(path), function), name=name)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command: 0 it worked, 1 it did not, 2 it was not understood."""
    asked = sys.argv[1:] if argv is None else list(argv)
    try:
        return application(asked)(asked) or 0
    except (CycloptsError, Misused, SettingsInvalid) as error:
        complain(str(error))
        return MISUSED
    except (ForPeople, FormatMismatch, Unavailable) as error:
        complain(str(error))
    except CorruptLog as error:
        complain(f"{error}; leave everything as it is and run `headgate replay --verify`")
    except RedisError as error:
        complain(f"Redis: {error}; `headgate doctor` says what is wrong")
    except KeyboardInterrupt:
        return 130
    return FAILED
