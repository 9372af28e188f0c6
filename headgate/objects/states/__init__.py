"""States: where a run is, what it says about itself, and what came out of it."""

from typing import Annotated, Any, Generic, Literal, Self, overload
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import TypeVar

from events.states import (
    DEFAULT_NAMES,
    Predicates,
    StateType,
    hash_of,
    repr_of,
    stored_data,
    text_of,
)

from ... import clock
from ..model import DateTime, IDBaseModel, Model, ObjectBaseModel
from .results import (
    ResultRecordMetadata,
    ResultUnavailable,
    RunCancelled,
    RunCrashed,
    RunFailed,
    RunUnfinished,
    is_result,
    outcome_of,
    recognised,
)

R = TypeVar("R", default=Any)


class StateDetails(Model):
    """What a state carries besides its type, name, message and data."""

    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    child_flow_run_id: UUID | None = None
    scheduled_time: DateTime | None = None
    cache_key: str | None = None
    cache_expiration: DateTime | None = None
    deferred: bool | None = False
    untrackable_result: bool = False
    pause_timeout: DateTime | None = None
    pause_reschedule: bool = False
    pause_key: str | None = None
    run_input_keyset: dict[str, str] | None = None
    refresh_cache: bool | None = None
    retriable: bool | None = None
    transition_id: UUID | None = None
    task_parameters_id: UUID | None = None
    traceparent: str | None = None
    deployment_concurrency_lease_id: UUID | None = None


class StateCreate(Model):
    """A state as it is proposed: the server gives it its id and its timestamp."""

    model_config = ConfigDict(extra="forbid")

    type: StateType
    name: str | None = None
    message: str | None = None
    data: Annotated[Any, BeforeValidator(recognised)] = None
    state_details: StateDetails = Field(default_factory=StateDetails)


class StateBaseModel(IDBaseModel):
    """What a state has as it is stored."""

    def orm_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The fields as `model_dump` gives them, without the data: that is stored by itself."""
        fields = self.model_dump(*args, **kwargs)
        fields.pop("data", None)
        return fields


class State(StateBaseModel, ObjectBaseModel, Predicates, Generic[R]):
    """Where a run is, or was; R is what its result is."""

    type: StateType
    name: str | None = None
    timestamp: DateTime = Field(default_factory=clock.now)
    message: str | None = None
    data: Annotated[Any, BeforeValidator(recognised)] = None
    state_details: StateDetails = Field(default_factory=StateDetails)

    @model_validator(mode="after")
    def default_name_from_type(self) -> Self:
        """A state without a name is called as its type."""
        if self.name is None:
            self.name = DEFAULT_NAMES[self.type]
        return self

    @model_validator(mode="after")
    def default_scheduled_start_time(self) -> Self:
        """A scheduled state without a time is due now."""
        if self.type is StateType.SCHEDULED and self.state_details.scheduled_time is None:
            due = {"scheduled_time": clock.now()}
            self.state_details = self.state_details.model_copy(update=due)
        return self

    @model_validator(mode="after")
    def set_unpersisted_results_to_none(self) -> Self:
        """A result that was not persisted is none."""
        self.data = stored_data(self.data)
        return self

    @classmethod
    def from_orm_without_result(cls, orm_state: Any, with_data: Any = None) -> Self:
        """A state as it is stored, such as one of the log, with other data or none."""
        fields = {
            name: getattr(orm_state, name)
            for name in cls.model_fields
            if name != "data" and hasattr(orm_state, name)
        }
        return cls.model_validate(fields | {"data": with_data}, from_attributes=True)

    @overload
    def result(
        self,
        raise_on_failure: Literal[True] = True,
        fetch: bool = True,
        retry_result_failure: bool = True,
    ) -> R: ...

    @overload
    def result(
        self, raise_on_failure: bool, fetch: bool = True, retry_result_failure: bool = True
    ) -> R | BaseException: ...

    def result(
        self, raise_on_failure: bool = True, fetch: bool = True, retry_result_failure: bool = True
    ) -> Any:
        """What came out of the run: its value, or the exception with which it ended.

        The exception is raised, or returned unless *raise_on_failure*. A persisted result is read
        from its file, *retry_result_failure*: waited for when it is not there yet; without *fetch*
        the data is returned as it is. Raises `RunUnfinished` and `ResultUnavailable`.
        """
        if not fetch:
            return self.data
        outcome = outcome_of(
            self.type, self.name, self.message, self.data, retry=retry_result_failure
        )
        if raise_on_failure and self.type is not StateType.COMPLETED:
            raise outcome
        return outcome

    def to_state_create(self) -> StateCreate:
        """The same state, to be proposed; its data only when that is a result."""
        return StateCreate(
            type=self.type,
            name=self.name,
            message=self.message,
            data=self.data if is_result(self.data) else None,
            state_details=self.state_details,
        )

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """A copy, entered now unless *update* says when."""
        return super().model_copy(update={"timestamp": clock.now(), **(update or {})}, deep=deep)

    def copy(self, *, update: Any = None, reset_fields: bool = False) -> Self:  # pyright: ignore[reportIncompatibleMethodOverride] - as clients know it
        """A copy, entered now unless *update* says when; *reset_fields*: with an id of its own."""
        anew = {"id": clock.new_id(), "created": None, "updated": None} if reset_fields else {}
        return self.model_copy(update={**anew, **(update or {})})

    def fresh_copy(self) -> Self:
        """A new state with the same content: its own id, created and updated as it is entered."""
        now = clock.now()
        anew = {"id": clock.new_id(), "created": now, "updated": now, "timestamp": now}
        return self.model_copy(update=anew, deep=True)

    def __hash__(self) -> int:
        return hash_of(self)

    def __str__(self) -> str:
        return text_of(self)

    def __repr__(self) -> str:
        return repr_of(self, self.data)


__all__ = [
    "ResultRecordMetadata", "ResultUnavailable", "RunCancelled", "RunCrashed", "RunFailed",
    "RunUnfinished", "State", "StateBaseModel", "StateCreate", "StateDetails", "StateType",
]  # fmt: skip
