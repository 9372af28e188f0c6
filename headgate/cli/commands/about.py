"""`headgate settings`, `schema` and `version` say what is set, spoken and installed."""

import platform
from importlib.metadata import version as version_of
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from ...bus.described import asyncapi, json_schema, written
from ...settings import Settings, masked, variable
from ..console import listing, out, plain

PARTS = ("headgate-service", "redis", "hiredis", "msgspec", "starlette", "faststream", "sqlalchemy")


def settings() -> int:
    """List every setting: its variable, its value now, and what it means."""
    now = Settings.read()
    table = listing("variable", "value", "may be", "meaning")
    for name, field in Settings.model_fields.items():
        value: Any = getattr(now, name)
        value = ",".join(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType]
        shown = "" if value is None else plain(masked(value))
        table.add_row(variable(name), shown, plain(_bounds(field)), field.description)
    table.columns[0].no_wrap = True  # a name in two parts is none, and nobody finds it
    out().print(table)
    return 0


def _bounds(field: FieldInfo) -> str:
    """What a setting may be, as far as it can be said in a few words."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(get_args(field.annotation))
    least = [each.ge for each in field.metadata if hasattr(each, "ge")]
    most = [each.le for each in field.metadata if hasattr(each, "le")]
    return f"{least[0]} to {most[0]}" if least and most else ""


def schema(kind: Literal["asyncapi", "json-schema"] = "asyncapi", /) -> int:
    """Print the description of the bus, as it is in docs/reference.

    Parameters
    ----------
    kind
        The streams and their messages as AsyncAPI 3, or the messages alone as JSON Schema.
    """
    made = asyncapi() if kind == "asyncapi" else json_schema()
    out().file.write(written(made))
    return 0


def version() -> int:
    """Show the versions of Headgate and of what it stands on."""
    table = listing("package", "version")
    for name in PARTS:
        table.add_row(name, version_of(name))
    table.add_row("python", platform.python_version())
    out().print(table)
    return 0
