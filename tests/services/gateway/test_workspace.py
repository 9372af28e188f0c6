"""A server says that it is one workspace, and stays the same one."""

from pathlib import Path
from typing import Any

import httpx
import redis as blocking

from tests.support.gateway import Running


def test_there_is_one_workspace(gateway: Running, api: httpx.Client) -> None:
    (one,) = api.get("/me/workspaces").json()

    assert one["account_handle"] == "self-hosted"
    assert one["workspace_handle"] == one["workspace_name"] == gateway.prefix
    assert one["handle"] == f"self-hosted/{gateway.prefix}"
    assert one["api_url"] == gateway.url
    assert one["ui_url"] is None
    assert one["account_id"] != one["workspace_id"]
    assert api.get(f"{one['api_url']}/version").status_code == 200


def test_a_workspace_is_the_same_after_a_restart_and_at_its_public_url(
    redis_url: str, tmp_path: Path
) -> None:
    found: list[dict[str, str]] = []
    for url in (None, "https://headgate.example/api/"):
        place = Running(redis_url, tmp_path, "Test.Work_space", public_api_url=url)
        with place as running, running.client() as api:
            found += api.get("/me/workspaces").json()
    client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        client.unlink(*client.scan_iter("Test.Work_space:*"))
    first, second = found

    assert second["api_url"] == "https://headgate.example/api"
    assert {**first, "api_url": ""} == {**second, "api_url": ""}
    assert (first["workspace_name"], first["handle"]) == (
        "Test.Work_space",
        "self-hosted/test-work-space",
    )


def test_only_looking_is_possible(api: httpx.Client) -> None:
    assert api.post("/me/workspaces", json={}).status_code == 405
