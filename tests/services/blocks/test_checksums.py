"""Checksums are those that clients compute; these have been observed."""

from typing import Any

import pytest

from services.blocks.checksums import checksum_of

PLAIN = {"title": "P", "type": "object"}
REFERS = {"p": {"$ref": "#/definitions/P"}}


def test_the_checksums_are_those_of_the_reference() -> None:
    assert checksum_of({}) == (
        "sha256:f8e6e96abbc38504d4e9c99fc57281fa0026bede1fa42db79f22f984501710f4"
    )
    assert checksum_of({"title": "q"}) == (
        "sha256:4ab489e23caa4a5fb351df276a811e1634b53fc4efdab264ce0bd0d4bd60af63"
    )
    fields = {
        "title": "MyType",
        "type": "object",
        "properties": {
            "a": {"type": "integer", "title": "A"},
            "pw": {"type": "string", "format": "password", "title": "Pw"},
        },
        "required": ["a"],
        "secret_fields": ["pw"],
        "block_type_slug": "my-type",
        "block_schema_references": {},
        "description": "é unicode",
    }
    assert checksum_of(fields) == (
        "sha256:c2fb0c9f261921c8d678852bf156f2b908948f4b4e084b5ee29ff85b213bd619"
    )


def test_definitions_of_blocks_count_by_their_references_alone() -> None:
    inner = {"title": "Inner", "block_type_slug": "inner", "secret_fields": ["x"]}
    outer: dict[str, Any] = {"properties": {"i": {"$ref": "#/definitions/Inner"}}}

    assert checksum_of(outer | {"definitions": {"Inner": inner}}) == checksum_of(outer)


@pytest.mark.parametrize(
    "definitions",
    [{"Unused": PLAIN}, {"Unused": {"items": [{"$ref": "#/definitions/Unused"}]}}, []],
)
def test_definitions_that_nobody_refers_to_do_not_count(definitions: Any) -> None:
    plain = {"properties": {"p": {"$ref": 1}, "q": {"$ref": "elsewhere"}}}
    outer = plain | {"definitions": definitions}

    assert (checksum_of(outer) == checksum_of(plain)) is isinstance(definitions, dict)


def test_definitions_that_are_referred_to_count_and_what_they_refer_to() -> None:
    inner = {"P": PLAIN | {"items": [{"$ref": "#/definitions/Q"}]}, "Q": {"title": "Q"}}
    block = {"B": {"block_type_slug": "b", "properties": REFERS}}
    through: dict[str, Any] = {"properties": {"b": {"anyOf": [{"$ref": "#/definitions/B"}]}}}

    whole = checksum_of(through | {"definitions": {**inner, **block}})
    assert whole == checksum_of({**through, "definitions": {**block, **inner, "Z": PLAIN}})
    assert whole != checksum_of(through)
    assert whole != checksum_of(through | {"definitions": {"P": inner["P"], **block}})


def test_definitions_may_go_round_in_circles() -> None:
    circle = {"properties": REFERS, "definitions": {"P": PLAIN | {"properties": REFERS}}}

    assert checksum_of(circle) != checksum_of({"properties": REFERS})
