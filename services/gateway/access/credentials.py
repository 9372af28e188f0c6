"""Credentials: the one shared `user:password` string, and keys of which only hashes are kept."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from hmac import compare_digest

BEARER = b"Bearer "


@cache
def _expected(auth_string: str) -> bytes:
    return b"Basic " + b64encode(auth_string.encode())


def is_basic(auth_string: str, authorization: bytes) -> bool:
    """Whether the header says *auth_string*; compared in constant time."""
    return compare_digest(authorization, _expected(auth_string))


def is_same(auth_string: str, token: str) -> bool:
    """Whether a token is *auth_string*; compared in constant time."""
    return compare_digest(token.encode(), auth_string.encode())


def hash_of(key: str | bytes) -> str:
    """What is kept of a key: nobody can guess 256 random bits, so a plain hash tells nothing."""
    return sha256(key if isinstance(key, bytes) else key.encode()).hexdigest()
