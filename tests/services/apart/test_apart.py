"""What would take all time or memory ends, and what comes after it is answered."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from events.resources.schedules import RRuleSchedule
from services import apart
from services.apart import TOO_MUCH
from services.apart.children import Child
from services.rules.schedules import Limits, ScheduleInvalid, plan
from services.values import (
    NotHydrated,
    NotValid,
    SchemaUnusable,
    hydrated,
    problems,
    validated,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.anyio

DOUBLED = "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 40
LOOPED = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
CALLED = (
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(50) }}"
)
MULTIPLIED = "{% set x = 10 %}" + "{% set x = x * x %}" * 40
FILLED = "{{ ([1]|batch(1000000000, 'x')|list)|length }}"

REPEATED: dict[str, Any] = {"properties": {"x": {"type": "string", "pattern": "^(a+)+$"}}}
REFERRED: dict[str, Any] = {
    "$defs": {
        **{f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(50)},
        "d50": {"type": "integer"},
    },
    "properties": {"x": {"$ref": "#/$defs/d0"}},
}


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """What is computed here may take half a second."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("_values", "_forms", "_schedules"):
            patched.setattr(apart, name, Child(f"tested{name}", cpu_s=0.5))
        yield


def template(text: str) -> dict[str, Any]:
    return {"x": {"__prefect_kind": "jinja", "template": text}}


@pytest.mark.parametrize("text", [DOUBLED, LOOPED, CALLED, MULTIPLIED, FILLED])
async def test_a_template_that_takes_too_much_is_given_up(text: str) -> None:
    assert await apart.hydrated(template(text), {}) == NotHydrated(f"Invalid jinja: {TOO_MUCH}")
    assert await apart.hydrated(template("{{ 1 + 1 }}"), {}) == {"x": "2"}


@pytest.mark.parametrize("schema", [REPEATED, REFERRED])
async def test_a_schema_that_takes_too_much_is_given_up(schema: dict[str, Any]) -> None:
    wrong = {"x": "a" * 50 + "!"}
    assert await apart.validated(wrong, schema) == NotValid(
        f"Validation failed. Failure reason: {TOO_MUCH}"
    )
    assert await apart.problems(wrong, schema, {}) == SchemaUnusable(TOO_MUCH)
    assert await apart.validated({"x": 1}, {"required": ["y"]}, is_whole=False) is None


async def test_what_is_found_is_what_would_be_found_here() -> None:
    schema = {"required": ["y"], "properties": {"x": {"type": "string"}, "y": {"type": "null"}}}
    values = {"x": 10**30, **template("{{ '{' }}")}
    variables = {"v": {"deep": [1.5, None]}}
    named = {"__prefect_kind": "workspace_variable", "variable_name": "v"}
    assert await apart.hydrated([values, named], variables) == hydrated([values, named], variables)
    for given in ({"x": 10**30}, {"y": None}, {"x": "\ud800"}):
        assert await apart.validated(given, schema) == validated(given, schema)
        assert await apart.problems(given, schema, {}) == problems(given, schema, {})
    assert await apart.validated({}, {"type": 5}) == validated({}, {"type": 5})
    oops = template("{{ oops")
    assert await apart.hydrated(oops, {}) == hydrated(oops, {})


async def test_a_rule_that_is_looked_through_without_an_end_is_given_up() -> None:
    endless = RRuleSchedule(rrule="FREQ=SECONDLY;COUNT=1000000000;BYMONTH=2;BYMONTHDAY=30")
    with pytest.raises(ScheduleInvalid, match=TOO_MUCH):
        await apart.planned(endless, NOON, Limits())
    for rule in ("FREQ=DAILY", "FREQ=YEARLY;COUNT=3;INTERVAL=5"):
        schedule, limits = RRuleSchedule(rrule=rule, timezone="Asia/Tokyo"), Limits(max_runs=2)
        assert await apart.planned(schedule, NOON, limits) == plan(schedule, NOON, limits)
    with pytest.raises(ScheduleInvalid, match="must be positive"):
        await apart.planned(RRuleSchedule(rrule="FREQ=DAILY;INTERVAL=0"), NOON, Limits())


async def test_what_has_no_template_is_made_here() -> None:
    value = {"x": {"__prefect_kind": "json", "value": "[1]"}}
    assert await apart.hydrated(value, {}) == {"x": [1]}


async def test_what_is_nested_too_deep_to_be_asked_is_given_up() -> None:
    deep: Any = {"__prefect_kind": "jinja", "template": "x"}
    for _ in range(300):
        deep = [deep]
    schema: dict[str, Any] = {}
    for _ in range(2_000):
        schema = {"not": schema}
    assert isinstance(await apart.hydrated(deep, {}), list)
    assert isinstance(await apart.validated({}, schema), NotValid)


async def test_who_is_ended_by_somebody_else_is_asked_again() -> None:
    """A question is given up for what it takes, and for nothing else."""
    child = Child("ended")
    loops = "{% for a in range(3000) %}{% for b in range(500) %}{% endfor %}{% endfor %}made"
    await child.ask("hydrated", {}, {})
    asking = asyncio.create_task(child.ask("hydrated", template(loops), {}))
    await asyncio.sleep(0.02)
    process = child._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    process.terminate()  # it ends when it is told nothing more, and not for that
    process.kill()
    assert await asking == {"made": {"x": "made"}}
    assert child._process is not process  # pyright: ignore[reportPrivateUsage]
