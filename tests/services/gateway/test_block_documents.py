"""Blocks are kept with their secrets masked, and refer to other blocks."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from headgate.clock import new_id
from tests.services.gateway.test_deployments import CONFLICT

_numbers = count(1)

MASK = "********"
FIELDS = {
    "properties": {"user": {"type": "string"}, "password": {"type": "string"}},
    "secret_fields": ["password", "keys.*", "part.token"],
}
LOGIN = {"user": "u", "password": "p", "keys": {"a": 1, "b": {"c": [2]}}}

Make = Callable[..., httpx.Response]


@pytest.fixture
def schema(api: httpx.Client) -> Iterator[dict[str, Any]]:
    """A schema of a type that no other test has."""
    slug = f"login-{next(_numbers)}"
    type_id = api.post("/block_types/", json={"name": slug, "slug": slug}).json()["id"]
    body = {
        "fields": FIELDS | {"block_type_slug": slug},
        "block_type_id": type_id,
        "capabilities": [slug],
    }
    made = api.post("/block_schemas/", json=body)
    assert made.status_code == 201, made.text
    yield made.json()
    api.delete(f"/block_types/{type_id}")


@pytest.fixture
def make(api: httpx.Client, schema: dict[str, Any]) -> Make:
    """Make a block of that schema."""

    def make(name: str | None = "one", data: Any = LOGIN, **more: Any) -> httpx.Response:
        body = {
            "name": name,
            "data": data,
            "block_schema_id": schema["id"],
            "block_type_id": schema["block_type_id"],
        }
        return api.post("/block_documents/", json=body | more)

    return make


def secrets_of(api: httpx.Client, document: dict[str, Any]) -> dict[str, Any]:
    asked = {"include_secrets": "true"}
    return api.get(f"/block_documents/{document['id']}", params=asked).json()["data"]


def test_a_block_is_shown_with_a_mask_unless_its_secrets_are_asked_for(
    api: httpx.Client, make: Make, schema: dict[str, Any]
) -> None:
    answer = make()
    document = answer.json()

    assert answer.status_code == 201
    assert document["data"] == {
        "user": "u",
        "password": MASK,
        "keys": {"a": MASK, "b": {"c": MASK}},
    }
    assert document["block_schema"] == schema
    assert document["block_type"] == schema["block_type"]
    assert document["block_type_name"] == schema["block_type"]["name"]
    assert (document["name"], document["is_anonymous"]) == ("one", False)
    assert document["block_document_references"] == {}
    by_name = f"/block_types/slug/{schema['block_type']['slug']}/block_documents/name/one"
    for path in (by_name, f"/block_documents/{document['id']}"):
        assert api.get(path).json() == document
        assert api.get(path, params={"include_secrets": "no"}).json() == document
        shown = api.get(path, params={"include_secrets": "True"}).json()
        assert shown == document | {"data": LOGIN}


def test_a_flag_that_is_none_is_named(api: httpx.Client, make: Make) -> None:
    id = make().json()["id"]
    refused = api.get(f"/block_documents/{id}", params={"include_secrets": "perhaps"})

    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert (problem["loc"], problem["type"]) == (["query", "include_secrets"], "bool_parsing")


def test_a_name_belongs_to_one_block_of_a_type(make: Make) -> None:
    assert make().status_code == 201
    refused = make(data={})

    assert (refused.status_code, refused.json()) == (409, {"detail": "Block already exists"})


def test_a_block_without_a_name_is_anonymous(api: httpx.Client, make: Make) -> None:
    made = make(None, is_anonymous=True).json()
    assert made["name"].startswith("anonymous-")
    assert make(None, is_anonymous=True).json()["name"] != made["name"]

    refused = make(None)
    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert problem["msg"] == "Value error, Names must be provided for block documents."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a/b"}, "name"),
        ({"data": None}, "data"),
        ({"block_schema_id": "x"}, "block_schema_id"),
        ({"z": 1}, "z"),
    ],
)
def test_what_is_wrong_with_a_block_is_named(make: Make, body: dict[str, Any], field: str) -> None:
    refused = make(**body)

    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", field]


def nested(levels: int) -> dict[str, Any]:
    value: Any = "x"
    for _ in range(levels - 1):
        value = [value]
    return {"password": value}


def test_data_is_nested_only_so_deep(api: httpx.Client, make: Make) -> None:
    deep = make("deep", nested(32)).json()
    assert secrets_of(api, deep) == nested(32)
    for levels in (33, 300, 900):
        refused = make("deeper", nested(levels))
        assert refused.status_code == 422
        assert refused.json()["exception_detail"][0]["loc"][0] == "body"
        refused = api.patch(f"/block_documents/{deep['id']}", json={"data": nested(levels)})
        assert refused.status_code == 422


def test_a_block_has_a_schema_of_its_type(api: httpx.Client, make: Make, unknown: str) -> None:
    for body in ({"block_schema_id": unknown}, {"block_type_id": unknown}):
        refused = make(**body)
        assert (refused.status_code, refused.json()) == (409, {"detail": CONFLICT})
    other = api.post("/block_types/", json={"name": "o", "slug": "another-one"}).json()
    refused = make(block_type_id=other["id"])
    assert refused.status_code == 400
    assert "of the same block type" in refused.json()["detail"]
    api.delete(f"/block_types/{other['id']}")


def test_a_mask_keeps_the_secret(api: httpx.Client, make: Make) -> None:
    document = make().json()
    path = f"/block_documents/{document['id']}"
    for given, now in (
        ({"user": "v"}, LOGIN | {"user": "v"}),
        ({"password": MASK, "user": "w"}, LOGIN | {"user": "w"}),
        ({"keys": {"a": MASK, "z": 3}}, LOGIN | {"user": "w", "keys": {"a": 1, "z": 3}}),
        ({"password": "q"}, {"user": "w", "password": "q", "keys": {"a": 1, "z": 3}}),
        ({}, {"user": "w", "password": "q", "keys": {"a": 1, "z": 3}}),
    ):
        assert api.patch(path, json={"data": given}).status_code == 204
        assert secrets_of(api, document) == now
    anew = {"data": {"password": MASK, "keys": MASK}, "merge_existing_data": False}
    assert api.patch(path, json=anew).status_code == 204
    assert secrets_of(api, document) == {"password": "q", "keys": {"a": 1, "z": 3}}
    shown = api.get(path).json()["data"]
    assert shown == {"password": MASK, "keys": {"a": MASK, "z": MASK}}


def test_a_change_that_changes_nothing_is_none(api: httpx.Client, make: Make) -> None:
    document = make().json()
    path = f"/block_documents/{document['id']}"

    assert api.patch(path, json={"data": {"password": "p"}}).status_code == 204
    assert api.get(path).json() == document


def test_a_block_moves_to_another_schema_of_its_type(
    api: httpx.Client, make: Make, schema: dict[str, Any], unknown: str
) -> None:
    document = make().json()
    path = f"/block_documents/{document['id']}"
    body = {
        "fields": {"secret_fields": ["user"]},
        "block_type_id": schema["block_type_id"],
        "version": "2",
    }
    newer = api.post("/block_schemas/", json=body).json()
    assert api.patch(path, json={"block_schema_id": newer["id"]}).status_code == 204

    moved = api.get(path).json()
    assert moved["block_schema"] == newer
    assert moved["data"] == LOGIN | {"user": MASK}
    assert api.delete(f"/block_schemas/{schema['id']}").status_code == 204
    assert secrets_of(api, document) == LOGIN

    other = api.post("/block_types/", json={"name": "o", "slug": "some-other"}).json()
    strange = api.post("/block_schemas/", json={"block_type_id": other["id"]}).json()
    refused = api.patch(path, json={"block_schema_id": strange["id"]})
    assert refused.status_code == 400
    assert refused.json()["detail"] == (
        "Must migrate block document to a block schema of the same block type."
    )
    assert api.patch(path, json={"block_schema_id": unknown}).status_code == 409
    assert api.patch(path, json={"name": "x"}).status_code == 422
    api.delete(f"/block_types/{other['id']}")


def test_a_reference_stands_for_the_block(api: httpx.Client, make: Make) -> None:
    inner = make("inner", {"user": "i", "token": "t", "password": "x"}).json()
    to_inner = {"$ref": {"block_document_id": inner["id"]}}
    outer = make("outer", {"part": to_inner, "list": [to_inner]}).json()

    assert outer["data"] == {
        "part": {"user": "i", "token": MASK, "password": MASK},
        "list": [to_inner],
    }
    assert secrets_of(api, outer)["part"] == {"user": "i", "token": "t", "password": "x"}
    assert outer["block_document_references"] == {
        "part": {
            "block_document": {
                "id": inner["id"],
                "name": "inner",
                "block_type": inner["block_type"],
                "is_anonymous": False,
                "block_document_references": {},
            }
        }
    }
    path = f"/block_documents/{outer['id']}"
    assert api.patch(path, json={"data": {"user": "o"}}).status_code == 204
    assert api.get(path).json()["data"].keys() == {"part", "list", "user"}
    assert api.delete(f"/block_documents/{inner['id']}").status_code == 204
    left = api.get(path).json()
    assert (left["data"].keys(), left["block_document_references"]) == ({"list", "user"}, {})


def test_references_do_not_go_round_in_circles(api: httpx.Client, make: Make) -> None:
    def to(*others: dict[str, Any]) -> dict[str, Any]:
        return {
            f"part{n}": {"$ref": {"block_document_id": each["id"]}} for n, each in enumerate(others)
        }

    one = make("one", {}).json()
    two = make("two", to(one)).json()
    three = make("three", to(one, two, one)).json()
    path = f"/block_documents/{one['id']}"
    for other in (one, two, three):
        refused = api.patch(path, json={"data": to(other)})
        assert refused.status_code == 400
        assert refused.json()["detail"].endswith(
            "it would introduce a cycle into the block_document_reference graph"
            f" (parent={one['id']}, reference={other['id']})."
        )
    four = make("four", to(three)).json()
    assert four["data"] == {"part0": {"part0": {}, "part1": {"part0": {}}, "part2": {}}}
    last = to(make("last", {}).json())
    assert api.patch(f"/block_documents/{four['id']}", json={"data": last}).status_code == 204


@pytest.mark.parametrize(
    ("reference", "status", "said"),
    [
        ({}, 400, "Received block reference without a block_document_id in key part"),
        ("x", 400, "Received block reference without a block_document_id in key part"),
        ({"block_document_id": "x"}, 400, "Received no block_document_id in key part"),
        ({"block_document_id": str(new_id())}, 409, CONFLICT),
    ],
)
def test_a_reference_leads_to_a_block(
    api: httpx.Client, make: Make, reference: Any, status: int, said: str
) -> None:
    refused = make(data={"part": {"$ref": reference}})
    assert (refused.status_code, refused.json()) == (status, {"detail": said})

    path = f"/block_documents/{make('other', {}).json()['id']}"
    refused = api.patch(path, json={"data": {"part": {"$ref": reference}}})
    assert (refused.status_code, refused.json()) == (status, {"detail": said})


def test_blocks_are_listed_and_counted(
    api: httpx.Client, make: Make, schema: dict[str, Any]
) -> None:
    slug = schema["block_type"]["slug"]
    b, a, hidden = make("b").json(), make("a").json(), make(None, is_anonymous=True).json()
    mine: dict[str, Any] = {"block_types": {"slug": {"any_": [slug]}}}
    everything = {"block_documents": {"is_anonymous": None}}
    of_schema = {"block_schemas": {"block_capabilities": {"all_": [slug]}}}
    for demands, expected in (
        (mine, [a, b]),
        (of_schema, [a, b]),
        (mine | {"sort": "NAME_DESC"}, [b, a]),
        (mine | {"sort": "BLOCK_TYPE_AND_NAME_ASC"}, [a, b]),
        (mine | everything | {"sort": None}, [a, hidden, b]),
        (mine | {"block_documents": {"name": {"like_": "B"}}}, [b]),
    ):
        assert api.post("/block_documents/filter", json=demands).json() == expected
        demands.pop("sort", None)
        assert api.post("/block_documents/count", json=demands).json() == len(expected)
    page = mine | {"limit": 1, "offset": 1, "include_secrets": True}
    assert api.post("/block_documents/filter", json=page).json() == [b | {"data": LOGIN}]
    assert api.post("/block_documents/filter", json={"sort": "X"}).status_code == 422
    assert api.post("/block_documents/count").json() >= 2

    of_type = f"/block_types/slug/{slug}/block_documents"
    assert api.get(of_type).json() == [a, b]
    asked = {"include_secrets": "1", "limit": "1", "offset": "1"}
    assert api.get(of_type, params=asked).json() == [b | {"data": LOGIN}]
    refused = api.get(of_type, params={"limit": "many"})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["query", "limit"]


def test_a_block_that_is_not_there_is_not_found(
    api: httpx.Client, make: Make, schema: dict[str, Any]
) -> None:
    gone = make().json()
    path = f"/block_documents/{gone['id']}"
    slug = schema["block_type"]["slug"]
    assert api.delete(path).status_code == 204
    for answer in (
        api.get(path),
        api.patch(path, json={}),
        api.delete(path),
        api.get(f"/block_types/slug/{slug}/block_documents/name/one"),
        api.get("/block_types/slug/nobody-s/block_documents/name/one"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"detail": "Block document not found"})
