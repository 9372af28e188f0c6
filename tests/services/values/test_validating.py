"""A value fits its JSON schema, or it is said where it does not."""

from typing import Any

import pytest

from services.values import NotValid, SchemaUnusable, validated

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["n"],
    "properties": {
        "n": {"type": "integer"},
        "word": {"type": "string", "default": "d"},
        "inner": {"type": "object", "properties": {"deep": {"type": "integer"}}},
        "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
        "old": {"type": "array", "items": [{"type": "integer"}]},
        "choice": {"enum": ["a", "b"]},
        "anything": True,
        "of": {"$ref": "#/$defs/Of"},
    },
    "$defs": {"Of": {"type": "object", "properties": {"of": {"$ref": "#/$defs/Of"}}}},
}


@pytest.mark.parametrize(
    "value",
    [
        {"n": 1},
        {"n": 1.0, "unknown": "is fine"},
        {"n": 1, "inner": None, "pair": None},
        {"n": 1, "inner": {"deep": None}, "anything": [], "choice": "b"},
        {"n": 1, "of": {"of": {"of": {}}}},
    ],
)
def test_a_value_fits(value: Any) -> None:
    assert validated(value, SCHEMA) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, "Validation failed. Failure reason: 'n' is a required property"),
        ({"n": None}, "Validation failed for field 'n'. Failure reason: None is not of type"),
        ({"n": 1, "word": None}, "Validation failed for field 'word'. Failure reason: None is"),
        ({"n": 1, "pair": [1, 2]}, "Validation failed for field 'pair[1]'. Failure reason: 2 is"),
        ({"n": 1, "old": ["x"]}, "Validation failed for field 'old[0]'. Failure reason: 'x' is"),
        ({"n": 1, "inner": {"deep": "x"}}, "Validation failed for field 'inner.deep'."),
        ([1], "Validation failed. Failure reason: [1] is not of type 'object'"),
    ],
)
def test_a_value_does_not_fit_and_it_is_said_where(value: Any, reason: str) -> None:
    found = validated(value, SCHEMA)
    assert isinstance(found, NotValid)
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ([1], "it is no object"),
        (None, "it is no object"),
        ({"type": "nope"}, "'nope' is not valid under any of the given schemas"),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
            "Unable to validate schema with circular references.",
        ),
    ],
)
def test_a_schema_that_says_nothing_is_told_apart(schema: Any, reason: str) -> None:
    assert validated({}, schema) == SchemaUnusable(reason)


@pytest.mark.parametrize("ref", ["http://127.0.0.1:1/schema", "file:///etc/passwd", "#/$defs/No"])
def test_a_reference_leads_nowhere_else(ref: str) -> None:
    found = validated({}, {"$ref": ref})
    assert isinstance(found, NotValid)
    assert "Unresolvable" in found.reason or "PointerToNowhere" in found.reason


def test_a_constant_is_no_schema() -> None:
    schema = {"properties": {"c": {"const": {"items": [1]}}, "d": {"type": ["null", "string"]}}}
    assert validated({"c": {"items": [1]}, "d": None}, schema) is None
