"""Objects that say how their value is made become that value, or it is said why they cannot."""

from typing import Any

import pytest

from services.values import NotHydrated, hydrated, is_rendered, variables_named


def _of(kind: object, **fields: Any) -> dict[str, Any]:
    return {"__prefect_kind": kind, **fields}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"plain": [1, {"a": None}]}, {"plain": [1, {"a": None}]}),
        (_of("json", value="[1, 2]"), [1, 2]),
        (_of("json", value=5), 5),
        (_of("json", value='"x"', extra=1), "x"),
        (_of("json"), None),
        ({"left out": _of("json"), "kept": 1}, {"kept": 1}),
        ([_of("json"), _of("workspace_variable"), 3], [3]),
        (_of("none", value=7), 7),
        (_of(None), None),
        (_of("unheard of", value="x"), "x"),
        (_of("jinja", template="a{{ 1 + 1 }}"), "a2"),
        (_of("jinja", template="[{{ nothing }}{{ nothing.at.all }}]"), "[]"),
        (_of("jinja", template=_of("json", value='"{{ 2 * 3 }}"')), "6"),
        (_of("jinja", template="{% for i in range(3) %}{{ i }}{% endfor %}"), "012"),
        (_of("workspace_variable", variable_name="known"), {"q": 1}),
        (_of("json", value=_of("json")), None),
    ],
)
def test_a_value_is_made(given: Any, made: Any) -> None:
    assert hydrated(given, {"known": {"q": 1}}) == made


def test_what_a_value_is_made_of_is_not_made_again() -> None:
    text = '{"__prefect_kind": "json", "value": "1"}'
    assert hydrated(_of("json", value=text), {}) == _of("json", value="1")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (_of("json", value="{x"), "Invalid JSON: Expecting property name enclosed in double"),
        (_of("json", value="NaN"), "Invalid JSON: NaN is no number"),
        (_of("json", value="1e400"), "Invalid JSON: 1e400 is no number"),
        (_of("json", value='["\\ud800"]'), "Invalid JSON: 'utf-8' codec can't encode"),
        (_of("jinja", template='{{ "\\ud800" }}'), "Invalid jinja: 'utf-8' codec can't encode"),
        (_of("json", value="[" * 100_000), "Invalid JSON: "),
        (_of("jinja", template="{{ oops"), "Invalid jinja: unexpected end of template"),
        (_of("jinja", template=5), "Invalid jinja: the template is no text"),
        (_of("jinja"), "Missing 'template' key in __prefect object"),
        (_of("none"), "Missing 'value' key in __prefect object"),
        (_of("workspace_variable", variable_name="no"), "Variable 'no' not found in workspace."),
        ([{"deep": [_of("json", value="}")]}, 1], "Invalid JSON: "),
    ],
)
def test_a_value_cannot_be_made_and_it_is_said_why(given: Any, reason: str) -> None:
    found = hydrated(given, {})
    assert isinstance(found, NotHydrated)
    assert found.reason.startswith(reason)


LOOP = "{% for i in range(9) %}"
NESTED = f"{LOOP * 3}x{'{% endfor %}' * 3}"
MANY = f"{LOOP}x{{% endfor %}}" * 11


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (NESTED, "Contains nested for loops at a depth of 3."),
        (MANY, "Contains 11 for loops."),
        ("{{ 1/0 }}", "Failed to render template due to the following error: ZeroDivision"),
        ("{{ now() }}", "Failed to render template due to the following error: Undefined"),
        ("{{ 'x' * 1000000000 }}", "Failed to render"),
        ("{{ 9 ** 9999999 }}", "Failed to render"),
        ("{{ '%1000000000d' % 1 }}", "Failed to render"),
        ("{{ 'x'.ljust(1000000000) }}", "Failed to render"),
        ("{{ 'x'|center(1000000000) }}", "Failed to render"),
        ("{{ lipsum(n=1000000) }}", "Failed to render"),
        ("{{ range(1000000) }}", "Failed to render"),
        (f"{LOOP * 2}{'x' * 9_000}{'{% endfor %}' * 2}", "it makes more than 100000 characters"),
        ("x" * 100_001, "the template has more than 100000 characters"),
        ("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", "the template is nested too deep"),
    ],
)
def test_a_template_that_would_reach_out_or_grow_is_refused(template: str, reason: str) -> None:
    found = hydrated(_of("jinja", template=template), {})
    assert isinstance(found, NotHydrated)
    assert found.reason.startswith(f"Invalid jinja: {reason}")


def test_a_template_sees_nothing_of_python() -> None:
    assert hydrated(_of("jinja", template="[{{ ().__class__.__base__ }}]"), {}) == "[]"


def test_the_variables_that_a_value_needs_are_named() -> None:
    given = {
        "a": [_of("workspace_variable", variable_name="x")],
        "b": _of("json", value=_of("workspace_variable", variable_name="y")),
        "c": {"variable_name": "no", "d": _of("workspace_variable", variable_name=5)},
    }
    assert variables_named(given) == {"x", "y"}


def test_what_is_nested_too_deep_is_not_made() -> None:
    deep: Any = _of("workspace_variable", variable_name="x")
    for _ in range(5_000):
        deep = [{"deep": deep}]
    assert variables_named(deep) == {"x"}
    assert not is_rendered(deep)
    assert hydrated(deep, {}) == NotHydrated("It is nested too deep")
