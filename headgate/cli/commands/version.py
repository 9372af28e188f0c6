"""`headgate version` says what is installed."""

import platform
from importlib.metadata import version as version_of

from ..console import listing, out

PARTS = ("headgate-service", "redis", "hiredis", "msgspec", "fastapi", "faststream", "sqlalchemy")


def version() -> int:
    """Show the versions of Headgate and of what it stands on."""
    table = listing("package", "version")
    for name in PARTS:
        table.add_row(name, version_of(name))
    table.add_row("python", platform.python_version())
    out().print(table)
    return 0
