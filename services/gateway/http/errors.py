"""What the gateway answers instead of a result, in the envelopes that clients know."""

from typing import Any

from msgspec import Struct, json

CONFLICT = (
    "Data integrity conflict. This usually means a unique or foreign key constraint was violated."
    " See server logs for details."
)


class Reply(Struct, frozen=True):
    """One HTTP answer: a status, a body ready to send, and headers besides the usual."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = b"application/json"


def answered(body: object, status: int = 200) -> Reply:
    """*body* as JSON."""
    return Reply(status, json.encode(body))


NO_CONTENT = Reply(204)


class Refused(Exception):  # it is an answer, not an error
    """The request ends here; *reply* says why. Only ever raised on the way to a reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, reply.body)
        self.reply = reply


def detail(status: int, text: str) -> Refused:
    """A refusal that the route itself gives."""
    return Refused(answered({"detail": text}, status))


def failed(status: int, text: str) -> Refused:
    """A refusal from behind the route: unknown entities, missing rights, outages."""
    return Refused(answered({"exception_message": text}, status))


UNAUTHORIZED = Reply(401, json.encode({"exception_message": "Unauthorized"}))


def forbidden(scope: str) -> Refused:
    """A refusal of somebody who is known and may not do this."""
    return failed(403, f"Forbidden: this needs a key with the scope {scope!r}")


def invalid(message: str, *at: str | int, kind: str = "value_error", body: Any = None) -> Refused:
    """A 422 that names the field: *at* is the way to it, from `body`, `query` or `path` on."""
    problem = {"loc": list(at), "msg": message, "type": kind, "input": None}
    envelope = {
        "exception_message": "Invalid request received.",
        "exception_detail": [problem],
        "request_body": body,
    }
    return Refused(answered(envelope, 422))


def unavailable(retry_after_s: int) -> Reply:
    """Redis is away, or a decision took too long: clients repeat after the pause given here."""
    body = json.encode({"exception_message": "Service Unavailable"})
    return Reply(503, body, ((b"retry-after", str(retry_after_s).encode()),))
