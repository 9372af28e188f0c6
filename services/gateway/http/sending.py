"""A reply becomes the messages that a server sends."""

from starlette.types import Send

from .errors import Reply


async def respond(send: Send, reply: Reply) -> None:
    """Send *reply*."""
    headers = [*reply.headers]
    if reply.status != 204:
        length = b"%d" % len(reply.body)
        headers += [(b"content-type", reply.content_type), (b"content-length", length)]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
