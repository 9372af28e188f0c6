"""Automations as clients send them: what may be left out, or said in two ways, is made plain."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

from msgspec import ValidationError, convert, json

from events.resources.automations.actions import Action
from events.resources.automations.triggers import PROACTIVE_MIN_S, Trigger

from ...http.bodies import refusal
from ...http.calls import Call
from ..bodies import Body
from .templates import wrong_with

T = TypeVar("T")
Tree = dict[str, Any]

ACTIONS = ("actions", "actions_on_trigger", "actions_on_resolve")


class AutomationUpdate(Body, frozen=True, kw_only=True):
    """What an automation is to be; whose it is stays."""

    name: str
    description: str = ""
    enabled: bool = True
    tags: list[str] = []
    trigger: Trigger
    actions: list[Action]
    actions_on_trigger: list[Action] = []
    actions_on_resolve: list[Action] = []


class AutomationCreate(AutomationUpdate, frozen=True, kw_only=True):
    """An automation to create."""

    owner_resource: str | None = None


class AutomationPartialUpdate(Body, frozen=True, kw_only=True):
    """Whether an automation is to act."""

    enabled: bool = True


def automation_of(call: Call, type: type[T], new_id: Callable[[], UUID]) -> T:
    """The body; each trigger in it gets an id of its own."""
    tree = call.as_a(Tree)
    plain = {**tree}
    if isinstance(tree.get("trigger"), dict):
        plain["trigger"] = _trigger(tree["trigger"], new_id)
    for name in ACTIONS:
        if isinstance(tree.get(name), list):
            plain[name] = [_action(each) for each in cast("list[Any]", tree[name])]
    try:
        made = convert(plain, type)
    except ValidationError as error:
        raise refusal(error, tree) from None
    for name in ACTIONS:
        for place, action in enumerate(cast("list[Action]", getattr(made, name))):
            wrong = wrong_with(action)
            if wrong is not None:
                at = f"{wrong.reason} - at `$.{name}[{place}].{wrong.field}`"
                raise refusal(ValueError(at), tree)
    return made


def _trigger(given: Any, new_id: Callable[[], UUID]) -> Any:
    if not isinstance(given, dict):
        return given
    tree = cast("Tree", given)
    plain: Tree = {"type": "event", **tree, "id": str(new_id())}
    if "within" in tree:
        plain["within"] = _seconds(tree["within"])
    if plain.get("posture") == "Proactive" and not plain.get("within"):
        plain["within"] = PROACTIVE_MIN_S
    for name in ("after", "expect", "for_each"):
        if isinstance(plain.get(name), list):
            plain[name] = _once(plain[name])
    if isinstance(plain.get("triggers"), list):
        plain["triggers"] = [_trigger(each, new_id) for each in plain["triggers"]]
    return plain


def _action(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    plain: Tree = {"type": "do-nothing", **cast("Tree", given)}
    if "schedule_after" in plain:
        plain["schedule_after"] = _seconds(plain["schedule_after"])
    if isinstance(plain.get("payload"), dict):
        plain["payload"] = json.format(json.encode(plain["payload"])).decode()
    return plain


def _seconds(span: Any) -> Any:
    """A span such as `PT1M` in seconds; anything else as it is."""
    if not isinstance(span, str):
        return span
    try:
        return convert(span, timedelta).total_seconds()
    except ValidationError:
        return span


def _once(values: list[Any]) -> list[Any]:
    """*values*, each once, as long as they are texts."""
    return list(dict.fromkeys(values)) if all(isinstance(v, str) for v in values) else values
