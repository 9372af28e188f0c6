"""A guard says no: to a request with an answer, to a socket by not opening it."""

from starlette.types import Receive, Scope, Send

from ..http.errors import Reply
from ..http.sending import respond


async def refuse(scope: Scope, receive: Receive, send: Send, reply: Reply) -> None:
    """Answer a request with *reply*; a socket gets the 403 of one that is not accepted."""
    if scope["type"] == "http":
        await respond(send, reply)
        return
    await receive()
    await send({"type": "websocket.close"})


def host_of(scope: Scope) -> str:
    """The address that a request comes from; empty when nobody knows."""
    client = scope.get("client")
    return client[0] if client else ""
