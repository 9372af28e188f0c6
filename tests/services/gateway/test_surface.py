"""Whatever the client package may call is there, under the name that generated clients know."""

import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from services.gateway.http.describing.openapi import REASONS, document
from services.gateway.routes import OPERATIONS
from tests.support.surface import CLIENT_OPERATIONS

_parameter = re.compile(r"{[^}]+}")
WANTED = [line.split() for line in CLIENT_OPERATIONS.split("\n") if line]

DOCUMENT = document(OPERATIONS, "Headgate", "/api")
DESCRIBED: dict[tuple[str, str], dict[str, Any]] = {
    (method.upper(), path): described
    for path, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
}


def _plain(method: str, path: str) -> tuple[str, str]:
    return method, _parameter.sub("{}", path)


def test_every_operation_of_the_client_is_offered() -> None:
    offered = {_plain(one.method, one.path) for one in OPERATIONS}
    wanted = {_plain(method, path) for method, path, _ in WANTED}

    assert len(wanted) == 125
    assert sorted(wanted - offered) == []


def test_no_operation_is_offered_twice() -> None:
    offered = [_plain(one.method, one.path) for one in OPERATIONS]

    assert len(offered) == len(set(offered))


@pytest.mark.parametrize(("method", "path", "name"), WANTED, ids=[each[2] for each in WANTED])
def test_an_operation_has_the_id_that_generated_clients_know(
    method: str, path: str, name: str
) -> None:
    """Name, path and method, as the reference joins them."""
    expected = re.sub(r"[^A-Za-z0-9]", "_", name + path) + "_" + method.lower()

    assert DESCRIBED[method, path]["operationId"] == expected


def test_no_two_operations_have_one_id() -> None:
    ids = [each["operationId"] for each in DESCRIBED.values()]

    assert len(ids) == len(set(ids)) == len(OPERATIONS)


def test_the_document_is_served_as_it_is(api: httpx.Client) -> None:
    assert api.get("/openapi.json").json() == DOCUMENT
    assert DOCUMENT["servers"] == [{"url": "/api"}]


def references(tree: Any) -> set[str]:
    """Whatever *tree* refers to."""
    if isinstance(tree, dict):
        found: set[str] = set()
        for key, value in tree.items():  # pyright: ignore[reportUnknownVariableType]
            found |= {value} if key == "$ref" else references(value)
        return found
    if isinstance(tree, list):
        return {each for one in tree for each in references(one)}  # pyright: ignore[reportUnknownVariableType]
    return set()


def test_what_the_document_refers_to_is_in_it() -> None:
    components = DOCUMENT["components"]
    there = {f"#/components/{kind}/{name}" for kind, named in components.items() for name in named}

    assert references(DOCUMENT) - there == set()


def test_every_schema_is_one() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("one", OPERATIONS, ids=[f"{one.method} {one.path}" for one in OPERATIONS])
def test_an_operation_says_what_it_takes_gives_and_refuses(one: Any) -> None:
    path = re.sub(r":\w+}", "}", one.path)
    described = DESCRIBED[one.method, path]
    answers: dict[str, Any] = described["responses"]

    assert {str(status) for status in one.statuses} <= answers.keys()
    assert answers.keys() - {str(each) for each in one.statuses} <= {str(each) for each in REASONS}
    assert {"403", "422", "429"} <= answers.keys()
    assert ("401" in answers) is not one.is_open
    assert described.get("security") == ([] if one.is_open else None)
    assert ("requestBody" in described) is (one.takes is not None)
    in_path = [each["name"] for each in described["parameters"] if each["in"] == "path"]
    assert in_path == re.findall(r"{(\w+)}", path)


def test_who_asks_says_who_it_is_in_one_of_two_ways() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]

    assert {name: each["scheme"] for name, each in schemes.items()} == {
        "auth_string": "basic",
        "key": "bearer",
    }
    assert DOCUMENT["security"] == [{"auth_string": []}, {"key": []}]
