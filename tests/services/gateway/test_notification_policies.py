"""Notification policies are kept, changed, listed and deleted; they go with their block."""

from itertools import count
from typing import Any

import httpx
import pytest

ALL = "/flow_run_notification_policies"
_numbers = count(1)


@pytest.fixture
def block(api: httpx.Client) -> str:
    """A block to send through."""
    name = f"receiver-{next(_numbers)}"
    type = api.post("/block_types/", json={"name": name, "slug": name}).json()
    asked = {"fields": {"title": name}, "block_type_id": type["id"], "capabilities": ["notify"]}
    schema = api.post("/block_schemas/", json=asked).json()
    body = {
        "name": name,
        "data": {"url": "json://127.0.0.1:1"},
        "block_schema_id": schema["id"],
        "block_type_id": type["id"],
    }
    return api.post("/block_documents/", json=body).json()["id"]


def policy(api: httpx.Client, block: str, **fields: Any) -> dict[str, Any]:
    """A policy that no other test brings to send."""
    body: dict[str, Any] = {
        "state_names": ["Nowhere"],
        "tags": [],
        "block_document_id": block,
        **fields,
    }
    made = api.post(f"{ALL}/", json=body)
    assert made.status_code == 201
    return made.json()


def test_a_policy_is_kept_and_read(api: httpx.Client, block: str) -> None:
    made = policy(api, block, tags=["x"], message_template="{flow_run_name}")

    assert made == api.get(f"{ALL}/{made['id']}").json()
    assert {name: made[name] for name in made.keys() - {"id", "created", "updated"}} == {
        "is_active": True,
        "state_names": ["Nowhere"],
        "tags": ["x"],
        "block_document_id": block,
        "message_template": "{flow_run_name}",
    }


def test_what_is_given_changes_and_the_rest_stays(api: httpx.Client, block: str) -> None:
    made = policy(api, block, message_template="x")
    path = f"{ALL}/{made['id']}"

    assert api.patch(path, json={"is_active": False, "message_template": None}).status_code == 204
    after = api.get(path).json()
    assert (after["is_active"], after["message_template"]) == (False, None)
    assert after["state_names"] == ["Nowhere"]
    assert after["updated"] > made["updated"]


def test_policies_are_listed_by_whether_they_are_active(api: httpx.Client, block: str) -> None:
    on, off = policy(api, block), policy(api, block, is_active=False)

    def listed(**body: Any) -> list[str]:
        found = api.post(f"{ALL}/filter", json=body)
        assert found.status_code == 200
        return [one["id"] for one in found.json() if one["block_document_id"] == block]

    assert listed() == [on["id"], off["id"]]
    for is_active, expected in ((True, [on["id"]]), (False, [off["id"]])):
        filter = {"is_active": {"eq_": is_active}}
        assert listed(flow_run_notification_policy_filter=filter) == expected
    assert len(api.post(f"{ALL}/filter", json={"limit": 1, "offset": 1}).json()) == 1


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ({"state_names": "Failed"}, ["state_names"], "valid list"),
        ({"tags": [1]}, ["tags", 0], "valid string"),
        ({"message_template": "{password}"}, ["message_template"], "{password}"),
        ({"message_template": "{flow_name.x}"}, ["message_template"], "{flow_name.x}"),
        ({"message_template": "{flow_name!s}"}, ["message_template"], "{flow_name}"),
        ({"size": 1}, ["size"], "Extra"),
    ],
)
def test_what_is_wrong_with_a_policy_is_named(
    api: httpx.Client, block: str, body: dict[str, Any], place: list[str | int], said: str
) -> None:
    whole: dict[str, Any] = {"state_names": [], "tags": [], "block_document_id": block, **body}
    path = f"{ALL}/{policy(api, block)['id']}"
    for refused in (api.post(f"{ALL}/", json=whole), api.patch(path, json=body)):
        assert refused.status_code == 422
        (problem,) = refused.json()["exception_detail"]
        assert problem["loc"] == ["body", *place]
        assert said in problem["msg"]


def test_a_policy_needs_its_block(api: httpx.Client, block: str, unknown: str) -> None:
    body: dict[str, Any] = {"state_names": [], "tags": [], "block_document_id": unknown}
    path = f"{ALL}/{policy(api, block)['id']}"
    for refused in (
        api.post(f"{ALL}/", json=body),
        api.patch(path, json={"block_document_id": unknown}),
    ):
        assert refused.status_code == 404
        assert refused.json() == {"detail": "Block document not found"}


def test_a_policy_goes_with_its_block(api: httpx.Client, block: str) -> None:
    made = policy(api, block)
    assert api.delete(f"/block_documents/{block}").status_code == 204
    assert api.get(f"{ALL}/{made['id']}").status_code == 404


def test_a_policy_that_is_not_there_is_not_found(api: httpx.Client, block: str) -> None:
    path = f"{ALL}/{policy(api, block)['id']}"
    assert api.post(f"{path}/notifications/filter", json={}).json() == []
    assert api.delete(path).status_code == 204
    for answer in (
        api.get(path),
        api.delete(path),
        api.patch(path, json={"is_active": False}),
        api.post(f"{path}/notifications/filter", json={}),
    ):
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Flow run notification policy not found."}


def test_what_was_sent_is_filtered_by_what_became_of_it(api: httpx.Client, block: str) -> None:
    path = f"{ALL}/{policy(api, block)['id']}/notifications/filter"
    found = api.post(path, json={"notifications": {"outcome": {"any_": ["sent"]}}, "limit": 5})
    assert (found.status_code, found.json()) == (200, [])
    refused = api.post(path, json={"notifications": {"outcome": "sent"}})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", "notifications", "outcome"]
