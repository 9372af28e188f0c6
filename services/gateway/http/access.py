"""Who may come in: everybody, or those who know the one shared `user:password` string."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hmac import compare_digest

from .errors import failed

UNAUTHORIZED = failed(401, "Unauthorized").reply


@cache
def _expected(auth_string: str) -> bytes:
    return b"Basic " + b64encode(auth_string.encode())


def is_admitted(auth_string: str | None, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request with these *headers* may come in; compared in constant time."""
    if auth_string is None:
        return True
    return compare_digest(headers.get(b"authorization", b""), _expected(auth_string))


def token_refusal(auth_string: str | None, token: object) -> str | None:
    """Why the *token* of a WebSocket's first message does not let it in; None when it does."""
    if auth_string is None:
        return None
    if not token:
        return "Auth required but no token provided"
    if isinstance(token, str) and compare_digest(token.encode(), auth_string.encode()):
        return None
    return "Invalid token"
