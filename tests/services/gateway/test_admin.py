"""The server says what it is, and where results go by default."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest


@pytest.fixture
def store(api: httpx.Client) -> Iterator[dict[str, Any]]:
    """A block that results can be stored in, and one that they cannot."""
    type_id = api.post("/block_types/", json={"name": "Store", "slug": "store"}).json()["id"]
    made: dict[str, Any] = {"type": type_id}
    for name, capabilities in (("fit", ["read-path", "write-path"]), ("unfit", ["read-path"])):
        body = {"block_type_id": type_id, "capabilities": capabilities, "version": name}
        schema_id = api.post("/block_schemas/", json=body).json()["id"]
        document = {"name": name, "block_schema_id": schema_id, "block_type_id": type_id}
        made[name] = api.post("/block_documents/", json=document).json()["id"]
    yield made
    api.delete(f"/block_types/{type_id}")


def stored_in(api: httpx.Client) -> str | None:
    return api.get("/admin/storage").json()["default_result_storage_block_id"]


def test_results_go_where_the_server_says(api: httpx.Client, store: dict[str, Any]) -> None:
    body = {"default_result_storage_block_id": store["fit"]}
    assert stored_in(api) is None
    for _ in range(2):
        answer = api.put("/admin/storage", json=body)
        assert (answer.status_code, answer.json()) == (200, body)
    assert stored_in(api) == store["fit"]
    for _ in range(2):
        assert api.delete("/admin/storage").status_code == 204
    assert stored_in(api) is None


def test_the_default_goes_with_its_block(api: httpx.Client, store: dict[str, Any]) -> None:
    api.put("/admin/storage", json={"default_result_storage_block_id": store["fit"]})
    assert api.delete(f"/block_types/{store['type']}").status_code == 204

    assert stored_in(api) is None


def test_results_go_only_where_they_can_be_written(
    api: httpx.Client, store: dict[str, Any], unknown: str
) -> None:
    refused = api.put("/admin/storage", json={"default_result_storage_block_id": unknown})
    assert (refused.status_code, refused.json()) == (
        404,
        {"detail": f"Block document {unknown} not found."},
    )
    refused = api.put("/admin/storage", json={"default_result_storage_block_id": store["unfit"]})
    assert (refused.status_code, refused.json()) == (
        422,
        {"detail": f"Block document {store['unfit']} cannot be used for result storage."},
    )
    refused = api.put("/admin/storage", json={})
    assert refused.status_code == 422
    problem = refused.json()["exception_detail"][0]
    assert problem["loc"] == ["body", "default_result_storage_block_id"]


def test_the_settings_say_that_nobody_is_told_of_you(api: httpx.Client) -> None:
    assert api.get("/admin/settings").json()["server"]["analytics_enabled"] is False


def test_somebody_answers(api: httpx.Client) -> None:
    assert api.get("/hello").json() == "👋"


def test_collections_are_empty(api: httpx.Client) -> None:
    assert api.get("/collections/views/aggregate-worker-metadata").json() == {}
    unknown = api.get("/collections/views/nope")
    assert (unknown.status_code, unknown.json()) == (
        404,
        {"detail": "View nope not found in registry"},
    )
