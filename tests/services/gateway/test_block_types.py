"""Block types and schemas are kept under slugs and checksums, and go with all their blocks."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from headgate.clock import new_id
from services.blocks.checksums import checksum_of

_numbers = count(1)

Make = Callable[..., dict[str, Any]]
RESERVED = "Block type names beginning with 'Prefect' are reserved."


@pytest.fixture
def block_type(api: httpx.Client) -> Iterator[dict[str, Any]]:
    """A block type of a slug that no other test has."""
    number = next(_numbers)
    made = api.post("/block_types/", json={"name": f"Type {number}", "slug": f"type-{number}"})
    assert made.status_code == 201, made.text
    yield made.json()
    api.delete(f"/block_types/{made.json()['id']}")


@pytest.fixture
def schema(api: httpx.Client, block_type: dict[str, Any]) -> dict[str, Any]:
    """A block schema of that type."""
    body = {
        "fields": {"title": block_type["name"]},
        "block_type_id": block_type["id"],
        "capabilities": ["write-path", block_type["slug"]],
    }
    made = api.post("/block_schemas/", json=body)
    assert made.status_code == 201, made.text
    return made.json()


def test_a_block_type_is_found_by_its_slug_and_its_id(
    api: httpx.Client, block_type: dict[str, Any]
) -> None:
    assert block_type["is_protected"] is False
    assert block_type["logo_url"] is None
    assert api.get(f"/block_types/slug/{block_type['slug']}").json() == block_type
    assert api.get(f"/block_types/{block_type['id']}").json() == block_type


def test_a_slug_belongs_to_one_block_type(api: httpx.Client, block_type: dict[str, Any]) -> None:
    refused = api.post("/block_types/", json={"name": "Other", "slug": block_type["slug"]})

    assert refused.status_code == 409
    assert refused.json() == {"detail": 'Block type with name "Other" already exists'}


@pytest.mark.parametrize("name", ["Prefect Cloud", "prefecture"])
def test_names_that_begin_like_the_reference_s_are_reserved(api: httpx.Client, name: str) -> None:
    refused = api.post("/block_types/", json={"name": name, "slug": "mine"})

    assert (refused.status_code, refused.json()) == (403, {"detail": RESERVED})


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"name": "a", "slug": "My Type"}, "slug", "lowercase letters, numbers, and dashes"),
        ({"name": "a", "slug": ""}, "slug", "lowercase letters, numbers, and dashes"),
        ({"name": "a/b", "slug": "a"}, "name", "should match pattern"),
        ({"name": "a"}, "slug", "required"),
        ({"name": "a", "slug": "a", "is_protected": True}, "is_protected", "not permitted"),
    ],
)
def test_what_is_wrong_with_a_block_type_is_named(
    api: httpx.Client, body: dict[str, Any], field: str, message: str
) -> None:
    refused = api.post("/block_types/", json=body)

    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert problem["loc"][-1] == field
    assert message in problem["msg"]


def test_a_block_type_is_changed_as_far_as_is_said(
    api: httpx.Client, block_type: dict[str, Any]
) -> None:
    path = f"/block_types/{block_type['id']}"
    assert api.patch(path, json={"description": "d", "logo_url": "http://a/b"}).status_code == 204
    assert api.patch(path, json={"description": None}).status_code == 204

    changed = api.get(path).json()
    assert (changed["description"], changed["logo_url"]) == (None, "http://a/b")
    assert api.patch(path, json={"name": "x"}).status_code == 422


def test_block_types_are_listed_by_name(
    api: httpx.Client, block_type: dict[str, Any], schema: dict[str, Any]
) -> None:
    capable = {"block_capabilities": {"all_": [block_type["slug"]]}}
    for demands in (
        {"block_types": {"slug": {"any_": [block_type["slug"]]}}},
        {"block_schemas": capable, "limit": 1},
        {"block_types": {"name": {"like_": block_type["name"].upper()}}, "block_schemas": capable},
    ):
        assert api.post("/block_types/filter", json=demands).json() == [block_type]
    assert api.post("/block_types/filter").status_code == 200
    assert api.post("/block_types/filter", json={"block_types": {"x": 1}}).status_code == 422


def test_a_schema_is_made_once(
    api: httpx.Client, block_type: dict[str, Any], schema: dict[str, Any]
) -> None:
    body = {"fields": {"title": block_type["name"]}, "block_type_id": block_type["id"]}
    again = api.post("/block_schemas/", json=body)
    assert (again.status_code, again.json()) == (200, schema)
    assert schema["block_type"] == block_type
    assert schema["fields"] == {"title": block_type["name"], "block_schema_references": {}}
    assert schema["checksum"] == checksum_of(body["fields"])
    assert schema["version"] == "non-versioned"

    newer = api.post("/block_schemas/", json=body | {"version": "2"})
    assert newer.status_code == 201
    by_checksum = f"/block_schemas/checksum/{schema['checksum']}"
    assert api.get(by_checksum).json() == newer.json()
    assert api.get(by_checksum, params={"version": "non-versioned"}).json() == schema
    assert api.get(by_checksum, params={"version": "3"}).status_code == 404
    assert api.get("/block_schemas/checksum/sha256:0").status_code == 404
    assert api.get(f"/block_schemas/{schema['id']}").json() == schema
    of_type = {"block_schemas": {"block_type_id": {"any_": [block_type["id"]]}}}
    listed = api.post("/block_schemas/filter", json=of_type).json()
    assert [one["version"] for one in listed] == ["2", "non-versioned"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"secret_fields": "all"}, "secret_fields"),
        ({"secret_fields": [1]}, "secret_fields"),
        ({"block_schema_references": None}, "block_schema_references"),
        ({"block_schema_references": {"a": 3}}, "block_schema_references"),
        ({"block_schema_references": {"a": [{"x": 1}]}}, "block_schema_references"),
        (None, "fields"),
    ],
)
def test_what_is_wrong_with_a_schema_is_named(
    api: httpx.Client, block_type: dict[str, Any], fields: Any, field: str
) -> None:
    body = {"fields": fields, "block_type_id": block_type["id"]}
    refused = api.post("/block_schemas/", json=body)

    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"][-1] == field


def test_fields_are_nested_only_so_deep(api: httpx.Client, block_type: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"title": "x"}
    for _ in range(63):
        fields = {"a": fields}
    for given, status in ((fields, 201), ({"a": fields}, 422)):
        body = {"fields": given, "block_type_id": block_type["id"]}
        assert api.post("/block_schemas/", json=body).status_code == status


def test_a_schema_needs_the_types_that_it_names(
    api: httpx.Client, block_type: dict[str, Any]
) -> None:
    unknown = str(new_id())
    refused = api.post("/block_schemas/", json={"block_type_id": unknown})
    assert (refused.status_code, refused.json()) == (
        404,
        {"detail": f"Block type {unknown} not found."},
    )

    def parts(*slugs: str) -> dict[str, Any]:
        references = {"a": [{"block_type_slug": slug} for slug in slugs]}
        return {
            "fields": {"block_schema_references": references},
            "block_type_id": block_type["id"],
        }

    refused = api.post("/block_schemas/", json=parts(block_type["slug"], "nobody-s"))
    assert refused.status_code == 409
    assert "block type 'nobody-s' was not found" in refused.json()["detail"]
    assert api.post("/block_schemas/", json=parts(block_type["slug"])).status_code == 201


def test_capabilities_are_those_of_all_schemas(
    api: httpx.Client, block_type: dict[str, Any], schema: dict[str, Any]
) -> None:
    able = api.get("/block_capabilities/").json()

    assert {"write-path", block_type["slug"]} <= set(able)
    assert able == sorted(able)


def test_what_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    for path in (f"/block_types/{unknown}", "/block_types/slug/nobody-s"):
        assert (api.get(path).status_code, api.get(path).json()) == (
            404,
            {"detail": "Block type not found"},
        )
    for answer in (
        api.patch(f"/block_types/{unknown}", json={}),
        api.delete(f"/block_types/{unknown}"),
        api.get("/block_types/slug/nobody-s/block_documents"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"detail": "Block type not found"})
    for answer in (
        api.get(f"/block_schemas/{unknown}"),
        api.delete(f"/block_schemas/{unknown}"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"detail": "Block schema not found"})


def test_deleting_goes_down_from_a_type_to_its_blocks(
    api: httpx.Client, block_type: dict[str, Any], schema: dict[str, Any]
) -> None:
    def document(name: str) -> str:
        body = {
            "name": name,
            "block_schema_id": schema["id"],
            "block_type_id": block_type["id"],
        }
        return api.post("/block_documents/", json=body).json()["id"]

    first = document("first")
    assert api.delete(f"/block_schemas/{schema['id']}").status_code == 204
    assert api.get(f"/block_documents/{first}").status_code == 404
    assert api.get(f"/block_schemas/{schema['id']}").status_code == 404

    made = api.post("/block_schemas/", json={"block_type_id": block_type["id"], "version": "x"})
    schema = made.json()
    second = document("second")
    assert api.delete(f"/block_types/{block_type['id']}").status_code == 204
    for path in (
        f"/block_types/slug/{block_type['slug']}",
        f"/block_schemas/{schema['id']}",
        f"/block_documents/{second}",
    ):
        assert api.get(path).status_code == 404


def test_no_block_types_are_built_in_unless_that_is_switched_on(api: httpx.Client) -> None:
    answer = api.post("/block_types/install_system_block_types")

    assert (answer.status_code, answer.json()) == (200, None)
    assert api.get("/block_types/slug/local-file-system").status_code == 404
