"""A value fits its JSON schema, or it is said where it does not."""

from typing import Any

import pytest

from services.values import NotValid, SchemaUnusable, validated
from services.values.validating import KNOWN_BYTES_MAX

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


CONFIG: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "n": {"type": "integer"}},
}
OF_PARTS: dict[str, Any] = {
    "type": "object",
    "required": ["required", "config"],
    "properties": {
        "required": {"type": "integer"},
        "config": {"$ref": "#/$defs/Config"},
        "maybe": {"anyOf": [{"$ref": "#/$defs/Config"}, {"type": "null"}]},
        "many": {"type": "array", "items": {"allOf": [{"$ref": "#/$defs/Config"}]}},
        "either": {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        "same": {"const": {"required": ["a"]}, "default": {"required": ["a"]}},
        "one": {"enum": [{"required": ["a"]}]},
    },
    "$defs": {"Config": CONFIG},
}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"config": {"n": 1}},
        {"maybe": {"n": 1}},
        {"maybe": None},
        {"many": [{}, {"n": 2}]},
        {"either": {"a": 1}},
    ],
)
def test_a_part_may_lack_what_is_required_however_deep(value: dict[str, Any]) -> None:
    assert validated(value, OF_PARTS, is_whole=False) is None
    assert isinstance(validated(value, OF_PARTS), NotValid)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"required": "one"}, "required"),
        ({"config": {"n": "one"}}, "config.n"),
        ({"maybe": {"n": "one"}}, "maybe.n"),
        ({"many": [{"name": 1}]}, "many[0].name"),
        ({"either": {}}, "either"),
    ],
)
def test_what_a_part_has_must_fit(value: dict[str, Any], where: str) -> None:
    found = validated(value, OF_PARTS, is_whole=False)
    assert isinstance(found, NotValid)
    assert found.reason.startswith(f"Validation failed for field {where!r}")


def test_a_value_that_a_schema_names_is_the_same_for_a_part() -> None:
    named: dict[str, Any] = {"required": ["a"]}
    for field in ("same", "one"):
        assert validated({field: named}, OF_PARTS, is_whole=False) is None
        assert isinstance(validated({field: {}}, OF_PARTS, is_whole=False), NotValid)


def test_a_large_schema_is_read_as_any_other() -> None:
    large = {**SCHEMA, "description": "x" * KNOWN_BYTES_MAX}
    assert validated({"n": 1}, large) is None
    assert isinstance(validated({"n": "one"}, large), NotValid)


def test_a_schema_that_was_changed_is_another_one() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert isinstance(validated({"n": "one"}, schema), NotValid)
    schema["properties"]["n"]["type"] = "string"
    assert validated({"n": "one"}, schema) is None
