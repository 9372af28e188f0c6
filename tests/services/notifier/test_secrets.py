"""A secret of a block goes to the other side, and is found nowhere else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.canary import bytes_below, bytes_in_redis, logged
from tests.support.gateway import Running
from tests.support.notifying import ALL, block, policy, run, settled
from tests.support.receiver import Receiver
from tests.support.servers import RedisServer, free_port

PLAIN = "parrot"
"""What is no secret is found, so that what is not found is not there."""

WAYS = ("canary-way", "canary-service", "canary-away", "canary-nobody", "canary-token", "canary-x")


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What is logged, from the least level on."""
    with logged() as lines:
        yield lines


@pytest.mark.timeout(90)
def test_a_secret_is_in_no_stream_record_or_log(tmp_path: Path, said: list[str]) -> None:
    server = RedisServer(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    away = f"http://127.0.0.1:{free_port()}"
    settings: dict[str, Any] = {"services_flow_run_notifications_timeout_seconds": 2}
    with Receiver() as receiver, Receiver() as refusing:
        refusing.status, refusing.headers = 403, {"x-said": WAYS[5]}
        named = receiver.url.replace("http", "json", 1)
        blocks: tuple[tuple[dict[str, Any], str], ...] = (
            ({"url": f"{receiver.url}/{WAYS[0]}"}, "sent"),
            ({"url": f"{named}/{WAYS[1]}"}, "sent"),
            ({"url": f"{refusing.url.replace('http', 'json', 1)}/{WAYS[1]}"}, "failed"),
            ({"url": f"{refusing.url}/{WAYS[0]}"}, "failed"),
            ({"url": f"{away}/{WAYS[2]}", "method": "POST"}, "failed"),
            ({"url": f"nobody://{WAYS[3]}"}, "failed"),
            ({"url": receiver.url, "method": "PUT", "headers": {"t": "{{t}}"},
              "secrets": {"t": WAYS[4]}}, "sent"),
        )  # fmt: skip
        try:
            with (
                Running(server.url, tmp_path / "views", "canary", **settings) as running,
                running.client() as api,
            ):
                secret = ("url", "secrets.*")
                ids = [policy(api, block(api, data, secret), PLAIN) for data, _ in blocks]
                run(api, state={"type": "FAILED", "name": PLAIN}, name=PLAIN)
                records = [settled(api, id, seconds=60)[0] for id in ids]
                answers = [api.post(f"{ALL}/{id}/notifications/filter", json={}) for id in ids]
                found = bytes_in_redis(server.url)
        finally:
            server.kill()
        heard = b"".join(repr(each).encode() for each in receiver.heard)
    assert [each["outcome"] for each in records] == [outcome for _, outcome in blocks]
    for way in (WAYS[0], WAYS[1], WAYS[4]):
        assert way.encode() in heard
    kept = {
        "Redis": found,
        "the append-only file": bytes_below(tmp_path / "redis"),
        "the views": bytes_below(tmp_path / "views"),
        "the logs": "\n".join(said).encode(),
        "an answer": b"".join(each.content for each in answers),
    }
    for place in ("Redis", "the append-only file", "the views", "an answer"):
        assert PLAIN.encode() in kept[place], place
    assert any("notification_sent" in line for line in said)
    forms = [way.encode() for way in WAYS]
    assert [(place, form) for place, held in kept.items() for form in forms if form in held] == []
