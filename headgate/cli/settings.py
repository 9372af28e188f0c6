"""`headgate settings` lists everything that can be set."""

import re

from ..settings import Settings, variable
from .console import listing, out


def settings() -> int:
    """List every setting: its variable, its value now, and what it means."""
    now = Settings.read()
    table = listing("variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        value = re.sub(r"(://[^:@/]*):[^@/]*@", r"\1:***@", str(getattr(now, name)))
        table.add_row(variable(name), value, field.description)
    out().print(table)
    return 0
