"""Secrets need the key that they were sealed with; everything else does without."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from tests.services.gateway.test_keys import client, made
from tests.support.gateway import Running
from tests.support.servers import RedisServer

BUILTIN = "/block_types/install_system_block_types"


def new_key() -> SecretStr:
    return SecretStr(Fernet.generate_key().decode())


def block(api: httpx.Client, **data: Any) -> httpx.Response:
    """A block of the built-in type Secret."""
    assert api.post(BUILTIN).status_code == 200
    type_id = api.get("/block_types/slug/secret").json()["id"]
    of_type = {"block_schemas": {"block_type_id": {"any_": [type_id]}}}
    (schema,) = api.post("/block_schemas/filter", json=of_type).json()
    body = {"data": data, "block_schema_id": schema["id"], "block_type_id": type_id}
    return api.post("/block_documents/", json=body | {"is_anonymous": True})


def test_secrets_are_read_with_their_own_key(redis_server: RedisServer, tmp_path: Path) -> None:
    settings: Any = {"builtin_block_types": True, "encryption_key": new_key()}
    with (
        Running(redis_server.url, tmp_path / "one", "keys", **settings) as running,
        running.client() as api,
    ):
        made = block(api, value="v").json()
        path = f"/block_documents/{made['id']}"
        assert api.get(path, params={"include_secrets": "1"}).json()["data"] == {"value": "v"}
        assert made["block_type"]["is_protected"] is True
        refused = api.delete(f"/block_types/{made['block_type_id']}")
        assert refused.status_code == 403
        assert refused.json() == {"detail": "protected block types cannot be deleted."}
        refused = api.delete(f"/block_schemas/{made['block_schema_id']}")
        assert refused.status_code == 403
        assert refused.json() == {
            "detail": "Block schemas for protected block types cannot be deleted."
        }

    settings["encryption_key"] = new_key()
    with (
        Running(redis_server.url, tmp_path / "one", "keys", **settings) as running,
        running.client() as api,
    ):
        assert api.get(path).json() == made
        for answer in (
            api.get(path, params={"include_secrets": "1"}),
            api.patch(path, json={"data": {"value": "w"}}),
        ):
            assert answer.status_code == 500
            assert answer.json() == {
                "exception_message": "These secrets were encrypted with another key."
            }


@pytest.mark.anyio
async def test_who_may_only_look_sees_masks(redis_server: RedisServer, tmp_path: Path) -> None:
    settings: Any = {"builtin_block_types": True, "api_keys_required": True}
    with Running(redis_server.url, tmp_path / "one", "keys", **settings) as running:
        _, proposes = await made(running, "propose")
        _, reads = await made(running, "read")
        with client(running, proposes) as proposer, client(running, reads) as reader:
            path = f"/block_documents/{block(proposer, value='v').json()['id']}"
            asked = {"include_secrets": "1"}
            assert proposer.get(path, params=asked).json()["data"] == {"value": "v"}
            assert reader.get(path, params=asked).json()["data"] == {"value": "********"}


def test_without_a_key_there_are_no_secrets(redis_server: RedisServer, tmp_path: Path) -> None:
    # a directory where the file would be: nobody can keep a key there
    (tmp_path / "views" / "encryption.key").mkdir(parents=True)
    with (
        Running(redis_server.url, tmp_path / "views", "keys", builtin_block_types=True) as running,
        running.client() as api,
    ):
        refused = block(api, value="v")
        assert refused.status_code == 500
        assert "HEADGATE_ENCRYPTION_KEY" in refused.json()["exception_message"]
        assert block(api, plain="v").status_code == 201
