"""What may be asked about resources: each is asked of the control partition."""

from typing import Any, Literal
from uuid import UUID

from ..resources.registry import AnyResource
from .proposal import AnyProposal


class StoreResource(AnyProposal, frozen=True, kw_only=True, tag="store_resource.v1"):
    """Make *resource* known, and with it those *along*, which are as new as it is.

    When there is one with its id or a natural key of its, the proposal is refused, or that one is
    kept as it is, or it takes over the fields that are *given*. A new queue that comes *as_last*
    is the least urgent of its pool, whatever its priority.
    """

    resource: AnyResource
    if_exists: Literal["refuse", "keep", "amend"] = "refuse"
    given: list[str] = []
    along: list[AnyResource] = []
    as_last: bool = False


class AmendResource(AnyProposal, frozen=True, kw_only=True, tag="amend_resource.v1"):
    """Change these *fields* of a resource; with a *revision*, only if it still has that one."""

    kind: str
    resource_id: UUID
    fields: dict[str, Any]
    revision: int | None = None


class RemoveResource(AnyProposal, frozen=True, kw_only=True, tag="remove_resource.v1"):
    """Forget a resource, and all that go with it."""

    kind: str
    resource_id: UUID
