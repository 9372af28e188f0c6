"""Policies: what a run was promised about retries, and where it stands with its pauses."""

from math import ceil
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import force_setattr

RETRY_DELAYS_MAX = 50
SECONDS_MAX = 1_000_000_000
"""About 31 years: an instant that far away still has a date."""

_within = Meta(ge=-SECONDS_MAX, le=SECONDS_MAX)
WholeSeconds = Annotated[int, _within]
Seconds = Annotated[float, _within]

RetryType = Literal["in_process", "reschedule"]


class FlowRunPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a flow run is retried, which pauses have fired, and whether it is resuming.

    `retry_delay` and `retry_delay_seconds` are seconds. The two deprecated fields fill their
    successors when those are unset or zero.
    """

    max_retries: int = 0
    retry_delay_seconds: Seconds = 0
    retries: int | None = None
    retry_delay: WholeSeconds | None = None
    pause_keys: frozenset[str] | None = frozenset()
    resuming: bool | None = False
    retry_type: RetryType | None = None

    def __post_init__(self) -> None:
        if not self.retries and self.max_retries:
            force_setattr(self, "retries", self.max_retries)
        if not self.retry_delay and self.retry_delay_seconds:
            # whole seconds, and none too few: a retry never comes sooner than was promised
            force_setattr(self, "retry_delay", ceil(self.retry_delay_seconds))


class TaskRunPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a task run is retried; delays in seconds, one for all attempts or one for each."""

    max_retries: int = 0
    retry_delay_seconds: Seconds = 0
    retries: int | None = None
    retry_delay: WholeSeconds | Seconds | list[WholeSeconds | Seconds] | None = None
    retry_jitter_factor: Annotated[float, Meta(ge=0)] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.retry_delay, list) and len(self.retry_delay) > RETRY_DELAYS_MAX:
            raise ValueError("Can not configure more than 50 retry delays per task.")
        if self.retry_jitter_factor is not None and self.retry_jitter_factor < 0:
            raise ValueError("`retry_jitter_factor` must be >= 0.")
        if not self.retries and self.max_retries:
            force_setattr(self, "retries", self.max_retries)
        if not self.retry_delay and self.retry_delay_seconds:
            force_setattr(self, "retry_delay", self.retry_delay_seconds)


class PolicyAmendment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The policy fields that a decision sets; what is absent stays."""

    pause_keys: frozenset[str] | UnsetType = UNSET
    resuming: bool | UnsetType = UNSET
    retry_type: RetryType | None | UnsetType = UNSET
