"""Overviews: what pages that show many runs at once ask for, and what they are told."""

from typing import ClassVar, Literal
from uuid import UUID

from msgspec import Struct

from ..instants import Instant
from ..states import StateType
from .queries import FlowRunQuery

SPANS = 20
"""Into how many parts a span of time is divided."""

ObservedSort = Literal["NAME_ASC", "LAST_SEEN_DESC"]


class ManyFlowRunsQuery(FlowRunQuery, frozen=True, kw_only=True):
    """A page of flow runs that is larger than others, for little is shown of each."""

    limit_max: ClassVar[int] = 1_000


class ObservedState(Struct, frozen=True, kw_only=True):
    """A kind of state that runs have been in, and when the first and the last one entered it."""

    state_type: StateType
    state_name: str
    first_seen: Instant
    last_seen: Instant


class ObservedQuery(Struct, frozen=True, kw_only=True):
    """Kinds of states whose name or type begins so, whatever its case."""

    beginning: str = ""
    sort: ObservedSort = "LAST_SEEN_DESC"
    limit: int = 200


class Ended(Struct, frozen=True):
    """How many task runs of those that started in a span of time are completed, or failed."""

    completed: int = 0
    failed: int = 0


Counts = dict[UUID, int]
"""How many there are, by what they belong to."""
