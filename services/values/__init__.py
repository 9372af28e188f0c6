"""Values that people give: filled in where they say how, and checked against a JSON schema.

Templates and schemas are read by libraries that take a quarter of a second to load; they are
loaded when the first template or schema comes, so that a server that starts does not wait.
"""

from collections.abc import Mapping
from typing import Any

from .hydrating import hydrated, is_rendered, variables_named
from .messages import message, wrong_with
from .said import CIRCULAR, NotHydrated, NotValid, Problem, SchemaUnusable, Unreadable


def validated(
    value: Any, schema: Any, *, is_whole: bool = True
) -> NotValid | SchemaUnusable | None:
    """Why *value* does not fit *schema*; None when it does, as `validating.validated` finds."""
    from . import validating

    return validating.validated(value, schema, is_whole=is_whole)


def problems(
    values: Any, schema: Any, variables: Mapping[str, Any]
) -> list[Problem] | SchemaUnusable:
    """All that is wrong with *values* by *schema*, as `placing.problems` finds."""
    from . import placing

    return placing.problems(values, schema, variables)


def load() -> None:
    """Load those libraries now."""
    from . import placing, templates

    _ = placing, templates


def unreadable(template: str) -> Unreadable | None:
    """Why *template* cannot be read, as `templates.unreadable` finds; None when it can."""
    from . import templates

    return templates.unreadable(template)


__all__ = [
    "CIRCULAR", "NotHydrated", "NotValid", "Problem", "SchemaUnusable", "Unreadable", "hydrated",
    "is_rendered", "load", "message", "problems", "unreadable", "validated", "variables_named",
    "wrong_with",
]  # fmt: skip
