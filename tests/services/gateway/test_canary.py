"""A secret, of a block or to come in with, is found nowhere but where it is asked for."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.canary import bytes_below, bytes_in_redis, logged
from tests.support.gateway import Running
from tests.support.servers import RedisServer

SECRETS = ("canary-made", "canary-changed", "canary-refused", "canary-invalid", "canary-deep")
PASSWORDS = ("canary-password", "canary-wrong")
PLAIN = "parrot"
"""What is no secret is found, so that what is not found is not there."""


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What is logged, from the least level on."""
    with logged() as lines:
        yield lines


def live(api: httpx.Client) -> str:
    """Make, change and read blocks with secrets, rightly and wrongly; the id of one that stays."""
    type_id = api.post("/block_types/", json={"name": PLAIN, "slug": PLAIN}).json()["id"]
    fields = {"secret_fields": ["password", "keys.*"]}
    schema = api.post("/block_schemas/", json={"fields": fields, "block_type_id": type_id}).json()
    body: dict[str, Any] = {
        "name": PLAIN,
        "data": {"user": PLAIN, "password": SECRETS[0], "keys": {"a": [{"b": SECRETS[4]}]}},
        "block_schema_id": schema["id"],
        "block_type_id": type_id,
    }
    id = api.post("/block_documents/", json=body).json()["id"]
    path = f"/block_documents/{id}"
    refused = api.post("/block_documents/", json=body | {"data": {"password": SECRETS[2]}})
    assert refused.status_code == 409
    invalid = api.patch(path, json={"data": {"password": SECRETS[3]}, "z": 1})
    assert invalid.status_code == 422
    assert api.patch(path, json={"data": {"password": SECRETS[1]}}).status_code == 204
    assert api.patch(path, json={"data": {"password": "********"}}).status_code == 204
    shown = api.get(path, params={"include_secrets": "true"}).json()["data"]
    assert shown == body["data"] | {"password": SECRETS[1]}
    listed = api.post("/block_documents/filter", json={"include_secrets": True}).json()
    assert listed[0]["data"] == shown
    wrong = httpx.BasicAuth("user", PASSWORDS[1])
    assert api.get(path, auth=wrong).status_code == 401
    return id


def test_a_secret_is_found_nowhere(tmp_path: Path, said: list[str]) -> None:
    server = RedisServer(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    auth = f"user:{PASSWORDS[0]}"
    try:
        with (
            Running(server.url, tmp_path / "views", "canary", api_auth_string=auth) as running,
            running.client(auth=httpx.BasicAuth("user", PASSWORDS[0])) as api,
        ):
            masked = api.get(f"/block_documents/{live(api)}").content
            found = bytes_in_redis(server.url)
    finally:
        server.kill()
    kept = {
        "Redis": found,
        "the append-only file": bytes_below(tmp_path / "redis"),
        "the views": bytes_below(tmp_path / "views"),
        "the logs": "\n".join(said).encode(),
        "an answer": masked,
    }

    for place in ("Redis", "the append-only file", "the views", "an answer"):
        assert PLAIN.encode() in kept[place], place
    assert said
    forms = [text.encode() for text in (*SECRETS, *PASSWORDS)]
    forms += [b64encode(b"user:" + password.encode()) for password in PASSWORDS]
    assert [(place, form) for place, held in kept.items() for form in forms if form in held] == []
