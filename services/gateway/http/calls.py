"""One HTTP request, from its bytes to its reply."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.types import Scope

from ..context import Context
from .bodies import decoded
from .errors import Reply, invalid

T = TypeVar("T")

_digits = re.compile(r"[0-9]{1,18}")
_client = re.compile(rb"prefect/(\d+\.\d+\.\d+[a-z.+0-9]*) \(API \S+\)")

FLAGS: dict[str, bool] = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
"""What says yes or no in a query string."""


class Call:
    """A request that has been admitted, with its body read."""

    __slots__ = ("api_version", "body", "headers", "scope")

    def __init__(
        self, scope: Scope, headers: dict[bytes, bytes], body: bytes, api_version: str | None
    ) -> None:
        self.scope = scope
        self.headers = headers
        self.body = body
        self.api_version = api_version

    @property
    def id(self) -> UUID:
        """The `{id}` of the path."""
        return self.scope["path_params"]["id"]

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.scope["path_params"][name]

    def as_a(self, type: type[T]) -> T:
        """The body; raises `Refused` with a 422 that names the field."""
        return decoded(type, self.body)

    def as_query(self, type: type[T]) -> T:
        """The body, every part of which may be left out, the body itself included."""
        return decoded(type, b"{}" if self.body in (b"", b"null") else self.body)

    def query(self, name: str) -> str | None:
        """A value from the query string; None when it is absent or empty."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"))).get(name)

    def query_flag(self, name: str) -> bool:
        """A flag from the query string, false when it is absent; raises `Refused` with a 422."""
        given = self.query(name)
        if given is not None and given.lower() not in FLAGS:
            raise invalid(
                "Input should be a valid boolean, unable to interpret input",
                *("query", name),
                kind="bool_parsing",
            )
        return given is not None and FLAGS[given.lower()]

    def query_count(self, name: str, most: int) -> int | None:
        """A number from the query string, None when it is absent; raises `Refused` with a 422."""
        given = self.query(name)
        if given is None:
            return None
        if not _digits.fullmatch(given) or int(given) > most:
            raise invalid(f"Input should be a number from 0 to {most}", "query", name)
        return int(given)

    def query_id(self, name: str) -> UUID:
        """A required id from the query string."""
        given = self.query(name)
        if not given:
            raise invalid("Field required", "query", name, kind="missing")
        try:
            return UUID(given)
        except ValueError:
            raise invalid(
                "Input should be a valid UUID", "query", name, kind="uuid_parsing"
            ) from None

    def api_url(self, context: Context, below: str) -> str:
        """The API as clients see it; without a setting, as this one called what is *below* it."""
        if context.limits.public_api_url is not None:
            return context.limits.public_api_url.rstrip("/")
        host = self.headers.get(b"host", b"127.0.0.1").decode("latin-1")
        return f"{self.scope['scheme']}://{host}{self.scope['path'].partition(below)[0]}"

    @property
    def client_version(self) -> str | None:
        """The version in a `User-Agent` such as `prefect/3.9.1 (API 0.8.4)`, and in no other."""
        found = _client.fullmatch(self.headers.get(b"user-agent", b""))
        return None if found is None else found[1].decode()


Handler = Callable[[Context, Call], Awaitable[Reply]]
