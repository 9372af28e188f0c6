"""States: where a run is, and the details that a state carries."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, cast
from uuid import UUID

from msgspec import Struct, structs

from ..instants import Instant


class StateType(StrEnum):
    """The nine kinds of state; the values are the wire format."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"

    # an enum hashes in Python, a string in C; types are looked up in sets with every decision
    __hash__ = str.__hash__


FINAL = frozenset({StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED})
"""Types that end a run. PAUSED and CANCELLING do not."""

DEFAULT_NAMES = {kind: kind.value.replace("_", " ").title() for kind in StateType}
"""The name a state gets when it is given none: SCHEDULED is shown as Scheduled."""


class StateDetails(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a state carries besides its type, name, message and data. Unknown keys are ignored."""

    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    child_flow_run_id: UUID | None = None
    scheduled_time: Instant | None = None
    cache_key: str | None = None
    cache_expiration: Instant | None = None
    deferred: bool | None = False
    untrackable_result: bool = False
    pause_timeout: Instant | None = None
    pause_reschedule: bool = False
    pause_key: str | None = None
    run_input_keyset: dict[str, str] | None = None
    refresh_cache: bool | None = None
    retriable: bool | None = None
    transition_id: UUID | None = None
    task_parameters_id: UUID | None = None
    traceparent: str | None = None
    deployment_concurrency_lease_id: UUID | None = None


NO_DETAILS = StateDetails()


class ProposedState(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A state as a client asks for it: without id and timestamp, which the decision gives."""

    type: StateType
    name: str | None = None
    message: str | None = None
    data: Any = None
    state_details: StateDetails = NO_DETAILS


class OfRuns(Protocol):
    """The runs that a state is of."""

    @property
    def flow_run_id(self) -> UUID | None: ...

    @property
    def task_run_id(self) -> UUID | None: ...


class Shown(Protocol):
    """A state in whatever form, as far as it is shown and told from others."""

    @property
    def type(self) -> StateType: ...

    @property
    def name(self) -> str | None: ...

    @property
    def timestamp(self) -> datetime: ...

    @property
    def message(self) -> str | None: ...

    @property
    def state_details(self) -> OfRuns: ...


def hash_of(state: Shown) -> int:
    """The same for states that are the same state."""
    details = state.state_details
    return hash((details.flow_run_id, details.task_run_id, state.timestamp, state.type))


def text_of(state: Shown) -> str:
    """The name, then the message, and the type when the name is another."""
    shown = f"({state.message!r})" if state.message else "()"
    if str(state.name).casefold() == state.type.value.casefold():
        return f"{state.name}{shown}"
    return f"{state.name}{shown[:-1]}{', ' if state.message else ''}type={state.type.value})"


def repr_of(state: Shown, result: Any) -> str:
    """Name, message and type, and the *result* that the state has as its data."""
    said = f"message={state.message!r}, type={state.type.value}, result={result!r}"
    return f"{state.name}({said})"


class Predicates:
    """What is asked of a state in whatever form, by its type."""

    __slots__ = ()
    if TYPE_CHECKING:  # each form declares it in its own order
        type: StateType

    def is_scheduled(self) -> bool:
        """Whether it is due at some time."""
        return self.type is StateType.SCHEDULED

    def is_pending(self) -> bool:
        """Whether it is about to run."""
        return self.type is StateType.PENDING

    def is_running(self) -> bool:
        """Whether it runs."""
        return self.type is StateType.RUNNING

    def is_completed(self) -> bool:
        """Whether it ended well."""
        return self.type is StateType.COMPLETED

    def is_failed(self) -> bool:
        """Whether it ended by its own error."""
        return self.type is StateType.FAILED

    def is_crashed(self) -> bool:
        """Whether it ended with its infrastructure."""
        return self.type is StateType.CRASHED

    def is_cancelled(self) -> bool:
        """Whether it ended on request."""
        return self.type is StateType.CANCELLED

    def is_cancelling(self) -> bool:
        """Whether it was asked to end and has not ended yet."""
        return self.type is StateType.CANCELLING

    def is_paused(self) -> bool:
        """Whether it waits to be resumed."""
        return self.type is StateType.PAUSED

    def is_final(self) -> bool:
        """Whether it ended."""
        return self.type in FINAL


class State(Struct, Predicates, frozen=True, kw_only=True, omit_defaults=True):
    """A state that a run has entered.

    `repr` shows name, message and type; two states are the same state when run ids,
    timestamp and type agree, which is what `hash` uses.
    """

    id: UUID
    type: StateType
    name: str
    timestamp: Instant
    message: str | None = None
    data: Any = None
    state_details: StateDetails = NO_DETAILS

    def copied(self, timestamp: Instant) -> "State":
        """The same state, entered again at *timestamp*."""
        return structs.replace(self, timestamp=timestamp)

    def fresh(self, id: UUID, timestamp: Instant) -> "State":
        """A new state with the same content."""
        return structs.replace(self, id=id, timestamp=timestamp)

    def __hash__(self) -> int:
        return hash_of(self)

    def __str__(self) -> str:
        return text_of(self)

    def __repr__(self) -> str:
        return repr_of(self, self.data)


UNPERSISTED = "unpersisted"
"""The `type` of result data that is shown in the reply and never stored."""


def is_persisted_result(data: object) -> bool:
    """Whether *data* points at a stored result: a non-empty mapping not marked unpersisted."""
    if not isinstance(data, dict) or not data:
        return False
    return cast("dict[str, object]", data).get("type") != UNPERSISTED


def stored_data(data: object) -> object:
    """What is kept of a state's data: all of it, but for results marked unpersisted."""
    return None if _is_marked_unpersisted(data) else data


def _is_marked_unpersisted(data: object) -> bool:
    return isinstance(data, dict) and cast("dict[str, object]", data).get("type") == UNPERSISTED
