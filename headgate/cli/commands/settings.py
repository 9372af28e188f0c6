"""`headgate settings` lists everything that can be set."""

from ...settings import Settings, masked, variable
from ..console import listing, out


def settings() -> int:
    """List every setting: its variable, its value now, and what it means."""
    now = Settings.read()
    table = listing("variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(variable(name), masked(getattr(now, name)), field.description)
    out().print(table)
    return 0
