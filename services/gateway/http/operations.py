"""Operations: what the HTTP API offers, one line each; routes and the OpenAPI page come from it."""

from typing import Any

from msgspec import Struct

from events.resources.administration.api_keys import Scope

from .calls import Handler

READING = frozenset(
    {
        *("apply", "concurrency_status", "count", "count-deployments", "count-task-runs", "counts"),
        *("filter", "get_runs", "history", "lateness", "next-runs", "paginate", "validate"),
        "{countable}",
    }
)
"""How the paths of those operations end that only look, though their method is POST."""


class Operation(Struct, frozen=True, kw_only=True):
    """One method on one path below the API's prefix.

    *takes* is the type of the body and *gives* that of the answer; *statuses* are those of
    success. Values of the query string must be there, or *may_ask* for something. An *is_busy*
    operation has a door of its own. An *is_open* one asks for no credentials, and one that is not
    *is_versioned* for no API version. One that *is_for_admins* is for nobody else, whatever its
    method and path say. *refusals* are statuses that it has besides those of all.
    The *summary* is the name under which generated clients know it.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    takes: Any = None
    gives: Any = None
    statuses: tuple[int, ...] = (200,)
    query: tuple[str, ...] = ()
    may_ask: tuple[str, ...] = ()
    refusals: tuple[int, ...] = ()
    content_type: str = "application/json"
    is_busy: bool = False
    is_open: bool = False
    is_versioned: bool = True
    is_for_admins: bool = False

    @property
    def scope(self) -> Scope:
        """What who asks must be allowed to do."""
        if self.is_for_admins or (self.path.startswith("/admin/") and self.method != "GET"):
            return "admin"
        last = self.path.rstrip("/").rpartition("/")[2]
        return "read" if self.method == "GET" or last in READING else "propose"
