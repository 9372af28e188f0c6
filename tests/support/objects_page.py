"""The page of the objects: every class, a sentence, its fields. Run it to write the page anew."""

import inspect
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from headgate import objects
from headgate.objects.model import Model
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "reference" / "objects.md"


def type_shown(annotation: Any) -> str:
    """A type as a person writes it."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_shown(parts[0])
    if origin in (Union, UnionType):
        return " or ".join("null" if part is NoneType else type_shown(part) for part in parts)
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin in (list, set, dict):
        return f"{origin.__name__}[{', '.join(map(type_shown, parts))}]"
    plain = {datetime: "instant", timedelta: "seconds", Any: "anything"}
    return plain.get(annotation) or _name(annotation)


def _name(annotation: Any) -> str:
    for name in objects.__all__:
        if getattr(objects, name) is annotation:
            return name
    return annotation.__name__


def default_shown(field: FieldInfo) -> str:
    """A default as a person writes it."""
    if field.annotation is str and field.metadata and field.default == "":
        return "two words"
    if field.is_required() or field.validate_default:
        return "required"
    if field.default_factory is not None:
        return {"set": "`[]`", "now": "now", "new_id": "a new one"}.get(
            getattr(field.default_factory, "__name__", ""), "its own defaults"
        )
    default: Any = field.default
    if isinstance(default, Enum):
        return f"`{default.value}`"
    if isinstance(default, timedelta):
        return "`0`"
    shown = {"None": "null", "True": "true", "False": "false", "''": '""'}
    return f"`{shown.get(repr(default), repr(default))}`"


def lines_of(name: str, found: type) -> Iterator[str]:
    """What is said of a class."""
    yield f"## {name}"
    yield ""
    yield inspect.cleandoc(found.__doc__ or "").splitlines()[0]
    if issubclass(found, Enum):
        yield ""
        yield ", ".join(f"`{member.value}`" for member in found)
    elif issubclass(found, BaseModel) and found.model_fields:
        yield ""
        yield "| field | type | default |"
        yield "|---|---|---|"
        for field_name, field in found.model_fields.items():
            shown = field.alias or field_name
            note = ", deprecated" if field.deprecated else ""
            yield f"| {shown} | {type_shown(field.annotation)} | {default_shown(field)}{note} |"


def page() -> str:
    """The whole page: what somebody has written at its head, and the classes."""
    classes = {
        name: found
        for name in sorted(objects.__all__)
        if isinstance(found := getattr(objects, name), type)
    }
    parts = [PAGE.read_text().partition("\n## ")[0].strip()]
    parts += ["\n".join(lines_of(name, found)) for name, found in classes.items()]
    return "\n\n".join(parts) + "\n"


def undocumented() -> list[str]:
    """Public classes whose sentence is another class's."""
    return [
        name
        for name in objects.__all__
        if isinstance(found := getattr(objects, name), type)
        and (not found.__doc__ or (found is not Model and found.__doc__ == Model.__doc__))
    ]


if __name__ == "__main__":
    PAGE.write_text(page())
