"""Until a gateway knows its allow list nobody comes in, and it follows what becomes of it."""

from typing import Any

import pytest
from msgspec import json
from starlette.types import Receive, Scope, Send

from events.resources.administration.ip_allowlist import (
    ID,
    IpAllowlist,
    IpAllowlistEntry,
    network_of,
)
from headgate.clock import now
from services.gateway import AllowList, Guards, guarded
from tests.support.waiting import wait_until

INSIDE, OUTSIDE = "10.1.2.3", "10.2.0.1"


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers nothing."""


async def receive() -> Any:
    return {"type": "http.request"}


async def status_of(allow_list: AllowList, path: bytes = b"/") -> int:
    """What a request from INSIDE is answered by the guard; 0 when it lets it through."""
    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    scope = {"type": "http", "method": "GET", "raw_path": path, "client": (INSIDE, 1)}
    await guarded(nothing, Guards(allow_list=allow_list))(scope, receive, send)
    return statuses[0] if statuses else 0


def a_list(*networks: str) -> IpAllowlist:
    return IpAllowlist(id=ID, entries=[IpAllowlistEntry(ip_network=each) for each in networks])


class Away(Exception):
    """It cannot be read."""


@pytest.mark.anyio
async def test_nobody_comes_in_before_the_list_is_known() -> None:
    stored: list[bytes | None] | None = None

    async def read(_: str) -> list[bytes | None]:
        if stored is None:
            raise Away
        return stored

    allow_list = AllowList(now)
    await allow_list.start(read, (Away,))
    assert await status_of(allow_list) == 503
    assert [await status_of(allow_list, each) for each in (b"/api/health", b"/api/ready")] == [0, 0]
    assert await status_of(allow_list, b"/api/%68ealth") == 503
    stored = [None]
    await wait_until(lambda: allow_list.is_known)
    assert await status_of(allow_list) == 0
    stored = None
    await allow_list.stop()
    assert await status_of(allow_list) == 503


@pytest.mark.anyio
async def test_what_is_not_enforced_keeps_nobody_out_though_it_is_not_known() -> None:
    assert await status_of(AllowList(now, is_enforced=False)) == 0


@pytest.mark.anyio
async def test_a_list_that_was_read_before_a_change_does_not_undo_it() -> None:
    allow_list = AllowList(now)

    async def read(_: str) -> list[bytes | None]:
        allow_list.take(a_list(OUTSIDE))
        return [None]

    await allow_list.start(read, (Away,))
    assert await status_of(allow_list) == 403
    await allow_list.stop()


@pytest.mark.anyio
async def test_a_change_that_comes_late_does_not_undo_what_was_read() -> None:
    newer, older = a_list(INSIDE), a_list("10.9.9.9")

    async def read(_: str) -> list[bytes | None]:
        return [json.encode(newer)]

    allow_list = AllowList(now)
    await allow_list.start(read, ())
    assert await status_of(allow_list) == 0
    allow_list.take(older)
    assert await status_of(allow_list) == 403
    await wait_until(lambda: allow_list.network_of(INSIDE) is not None)
    assert await status_of(allow_list) == 0
    await allow_list.stop()


@pytest.mark.anyio
async def test_a_list_that_cannot_be_read_lets_nobody_in_until_it_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stored: list[bytes | None] = [b'{"type":"ip_allowlist.v9"}']

    async def read(_: str) -> list[bytes | None]:
        return stored

    allow_list = AllowList(now)
    await allow_list.start(read, ())
    assert await status_of(allow_list) == 503
    assert "the allow list is none" in caplog.text
    stored = [None]
    await wait_until(lambda: allow_list.is_known)
    assert await status_of(allow_list) == 0
    await allow_list.stop()


def test_when_somebody_was_seen_is_forgotten_with_his_network() -> None:
    allow_list = AllowList(now)
    allow_list.take(a_list(INSIDE, "10.1.0.0/24"))
    assert allow_list.lets_in(INSIDE)
    assert allow_list.last_seen(network_of(INSIDE)) is not None
    assert allow_list.last_seen(network_of("10.1.0.0/24")) is None
    allow_list.take(a_list("10.1.0.0/16"))
    assert allow_list.last_seen(network_of(INSIDE)) is None
    assert allow_list.lets_in(INSIDE)
    assert not allow_list.lets_in(OUTSIDE)
