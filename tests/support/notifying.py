"""Blocks, policies and runs to be told of, made as clients make them."""

from itertools import count
from typing import Any

import httpx

from headgate.clock import elapsed_s

ALL = "/flow_run_notification_policies"
WAIT_S = 15.0
_numbers = count(1)


def made(api: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """What was created by a POST."""
    answer = api.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def block(api: httpx.Client, data: dict[str, Any], secret_fields: tuple[str, ...] = ()) -> str:
    """The id of a block of this *data*."""
    name = f"receiver-{next(_numbers)}"
    type = made(api, "/block_types/", name=name, slug=name)
    fields = {"title": name, "secret_fields": secret_fields}
    schema = made(api, "/block_schemas/", fields=fields, block_type_id=type["id"])
    ids = {"block_schema_id": schema["id"], "block_type_id": type["id"]}
    return made(api, "/block_documents/", name=name, data=data, **ids)["id"]


def policy(api: httpx.Client, block: str, *states: str, **fields: Any) -> str:
    """The id of a policy about these *states*."""
    fields = {"tags": [], **fields}
    return made(api, f"{ALL}/", state_names=states, block_document_id=block, **fields)["id"]


def run(api: httpx.Client, *states: str, **fields: Any) -> str:
    """The id of a run that enters *states*, one after the other."""
    flow_id = made(api, "/flows/", name="etl")["id"]
    id = made(api, "/flow_runs/", flow_id=flow_id, **fields)["id"]
    for state in states:
        enter(api, id, state)
    return id


def enter(api: httpx.Client, run: str, state: str, **fields: Any) -> None:
    """Force a run into a state of this type."""
    body = {"state": {"type": state.upper(), **fields}, "force": True}
    answer = api.post(f"/flow_runs/{run}/set_state", json=body)
    assert answer.json()["status"] == "ACCEPT", answer.text


def sent(api: httpx.Client, policy: str) -> list[dict[str, Any]]:
    """What was sent by a policy, the first first; nothing if it is not known."""
    answer = api.post(f"{ALL}/{policy}/notifications/filter", json={})
    return [] if answer.status_code == 404 else answer.json()[::-1]


def settled(
    api: httpx.Client, policy: str, count: int = 1, seconds: float = WAIT_S
) -> list[dict[str, Any]]:
    """What was sent by a policy, once so many are settled."""
    gives_up = elapsed_s() + seconds
    while True:
        found = sent(api, policy)
        if len([one for one in found if one["outcome"] != "claimed"]) >= count:
            return found
        assert elapsed_s() < gives_up, found
