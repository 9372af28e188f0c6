"""What a server answers where it does not give the object itself."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from events.decisions import Outcome
from events.states import StateType

from .model import DateTime, Model, ObjectBaseModel
from .runs import FlowRun
from .states import State

SetStateStatus = Outcome


class StateAcceptDetails(Model):
    """Nothing need be said of a state that was accepted."""

    type: Literal["accept_details"] = "accept_details"


class StateRejectDetails(Model):
    """Why a state was rejected; the run may be in another one now."""

    type: Literal["reject_details"] = "reject_details"
    reason: str | None = None


class StateAbortDetails(Model):
    """Why whoever proposed a state has to stop."""

    type: Literal["abort_details"] = "abort_details"
    reason: str | None = None


class StateWaitDetails(Model):
    """Why a state cannot be entered yet, and in how many seconds to propose it again."""

    type: Literal["wait_details"] = "wait_details"
    delay_seconds: int
    reason: str | None = None


StateResponseDetails = Annotated[
    StateAcceptDetails | StateRejectDetails | StateAbortDetails | StateWaitDetails,
    Field(discriminator="type"),
]


class OrchestrationResult(Model):
    """What became of a proposed state: the answer, the state that the run is in, and details."""

    state: State | None
    status: SetStateStatus
    details: StateResponseDetails


class FlowRunResponse(FlowRun):
    """A flow run as it is answered: it says of which pool it is, or of none."""

    work_pool_id: UUID | None  # pyright: ignore[reportGeneralTypeIssues] - always said here


class GlobalConcurrencyLimitResponse(ObjectBaseModel):
    """A limit as it is answered, with the slots that are taken now."""

    active: bool = True
    name: str
    limit: int
    active_slots: int
    slot_decay_per_second: float = 2.0


class HistoryResponseState(Model):
    """How many runs entered a state in some interval, and what was estimated of them."""

    state_type: StateType
    state_name: str
    count_runs: int
    sum_estimated_run_time: timedelta
    sum_estimated_lateness: timedelta


class HistoryResponse(Model):
    """The states of an interval of a history of runs."""

    interval_start: DateTime
    interval_end: DateTime
    states: list[HistoryResponseState]


class CountByState(Model):
    """How many runs are in states of each type; there are no other types."""

    model_config = ConfigDict(extra="forbid")

    SCHEDULED: int = 0
    PENDING: int = 0
    RUNNING: int = 0
    COMPLETED: int = 0
    FAILED: int = 0
    CANCELLED: int = 0
    CRASHED: int = 0
    PAUSED: int = 0
    CANCELLING: int = 0
