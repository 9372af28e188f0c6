"""An endpoint hears all of a request's body, or does nothing and says what is wrong with it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.gateway.context import Context
from services.gateway.http.calls import Call
from services.gateway.http.endpoints import Endpoint
from services.gateway.http.errors import NO_CONTENT, Reply
from services.gateway.http.operations import Operation
from services.gateway.limits import GatewayLimits

GONE: dict[str, Any] = {"type": "http.disconnect"}


def _part(body: bytes, *, is_last: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": not is_last}


async def _answered(received: list[dict[str, Any]]) -> tuple[int, bytes, list[bytes]]:
    """Status and body of the answer to what is *received*, and the bodies that were acted on."""
    acted: list[bytes] = []
    sent: list[Any] = []
    messages = iter(received)

    async def act(_: Context, call: Call) -> Reply:
        acted.append(call.body)
        return NO_CONTENT

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    context = SimpleNamespace(
        limits=GatewayLimits(body_bytes_max=10),
        access=SimpleNamespace(is_open=True),
        outages=(OSError,),
    )
    operation = Operation(
        method="POST", path="/x", handler=act, summary="X", tag="X", statuses=(204,)
    )
    endpoint = Endpoint(cast(Context, context), operation)
    await endpoint({"type": "http", "method": "POST", "path": "/x", "headers": []}, receive, send)
    return sent[0]["status"], sent[1]["body"], acted


@pytest.mark.anyio
@pytest.mark.parametrize("before", [[], [_part(b"{"), _part(b"")]])
async def test_a_request_that_ends_before_its_body_does_nothing(
    before: list[dict[str, Any]],
) -> None:
    status, body, acted = await _answered([*before, GONE])
    assert (status, acted) == (400, [])
    assert b"The request ended before its body did." in body


@pytest.mark.anyio
@pytest.mark.parametrize(
    "parts", [[_part(b"x" * 11, is_last=True)], [_part(b"x" * 6), _part(b"x" * 6), GONE]]
)
async def test_a_body_is_measured_as_it_comes(parts: list[dict[str, Any]]) -> None:
    status, _, acted = await _answered(parts)
    assert (status, acted) == (413, [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "parts", [[_part(b"ab", is_last=True)], [_part(b"a"), _part(b"b"), _part(b"", is_last=True)]]
)
async def test_a_body_is_heard_as_a_whole(parts: list[dict[str, Any]]) -> None:
    status, _, acted = await _answered(parts)
    assert (status, acted) == (204, [b"ab"])
