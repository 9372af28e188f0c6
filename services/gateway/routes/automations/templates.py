"""Templates that actions hold: whether they can be read at all is said before they are needed."""

from typing import Any, NamedTuple, cast

from msgspec import Struct

from events.resources.automations.actions import (
    Action,
    CallWebhook,
    RunDeployment,
    SendNotification,
)

from ....values import Unreadable, unreadable
from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Refused, Reply, answered
from ...http.operations import Operation


class TemplateProblem(Struct, frozen=True):
    """Where a template cannot be read."""

    line: int
    message: str
    source: str


class TemplateRefusal(Struct, frozen=True):
    """A template that cannot be read."""

    error: TemplateProblem


class Wrong(NamedTuple):
    """A field that holds such a template, and what is wrong with it."""

    field: str
    reason: str


async def validate_template(context: Context, call: Call) -> Reply:
    """Nothing, or what is wrong with a template."""
    template = call.as_a(str)
    found = unreadable(template)
    if found is not None:
        problem = TemplateProblem(found.line, found.reason, template)
        raise Refused(answered(TemplateRefusal(problem), 422))
    return NO_CONTENT


def wrong_with(action: Action) -> Wrong | None:
    """The first template of *action* that cannot be read."""
    match action:
        case SendNotification(subject=subject, body=body):
            return _wrong("subject", subject) or _wrong("body", body)
        case CallWebhook(payload=payload):
            return _wrong("payload", payload)
        case RunDeployment(parameters=parameters) if parameters:
            for name, value in parameters.items():
                found = _within(value)
                if found is not None:
                    reason = f"Invalid parameters: \n{name}: Invalid jinja: {found.reason}"
                    return Wrong("parameters", f"Value error, {reason}")
            return None
        case _:
            return None


def _wrong(field: str, template: str) -> Wrong | None:
    found = unreadable(template)
    if found is None:
        return None
    return Wrong(field, f"Value error, '{field}' is not a valid template: {found.reason}")


def _within(value: Any) -> Unreadable | None:
    if isinstance(value, str):
        return unreadable(value)
    inside: list[Any] = []
    if isinstance(value, dict):
        inside = list(cast("dict[str, Any]", value).values())
    elif isinstance(value, list):
        inside = cast("list[Any]", value)
    return next(filter(None, map(_within, inside)), None)


OPERATIONS = tuple(
    Operation(method="POST", path=path, handler=validate_template, summary="Validate Template",
              tag="Automations", takes=str, statuses=(204,))
    for path in ("/automations/templates/validate", "/templates/validate")
)  # fmt: skip
