"""One HTTP request, from its bytes to its reply."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.types import Scope

from ..context import Context
from .bodies import decoded
from .errors import Reply, invalid

T = TypeVar("T")


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

    @property
    def client_version(self) -> str | None:
        """The version in a `User-Agent` such as `prefect/3.9.1 (API 0.8.4)`."""
        name, _, version = self.headers.get(b"user-agent", b"").partition(b"/")
        return version.split(b" ")[0].decode("latin-1") if name == b"prefect" else None


Handler = Callable[[Context, Call], Awaitable[Reply]]
