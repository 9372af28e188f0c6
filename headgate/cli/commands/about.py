"""`headgate settings` and `headgate version` say what is set and what is installed."""

import platform
from importlib.metadata import version as version_of

from ...settings import Settings, masked, variable
from ..console import listing, out, plain

PARTS = ("headgate-service", "redis", "hiredis", "msgspec", "fastapi", "faststream", "sqlalchemy")


def settings() -> int:
    """List every setting: its variable, its value now, and what it means."""
    now = Settings.read()
    table = listing("variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(variable(name), plain(masked(getattr(now, name))), field.description)
    out().print(table)
    return 0


def version() -> int:
    """Show the versions of Headgate and of what it stands on."""
    table = listing("package", "version")
    for name in PARTS:
        table.add_row(name, version_of(name))
    table.add_row("python", platform.python_version())
    out().print(table)
    return 0
