"""A reply becomes the messages that a server sends."""

from starlette.types import Send

from .errors import Reply

JSON_TYPE = (b"content-type", b"application/json")


async def respond(send: Send, reply: Reply) -> None:
    """Send *reply*."""
    headers = [*reply.headers]
    if reply.status != 204:
        headers += [JSON_TYPE, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
