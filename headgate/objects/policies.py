"""Policies: what runs were promised about retries, and where flow runs stand with their pauses."""

from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, field_validator, model_validator

from events import policies

from .model import Model

_within: Any = {"ge": -policies.SECONDS_MAX, "le": policies.SECONDS_MAX}
Seconds = Annotated[float, Field(allow_inf_nan=False, **_within)]
WholeSeconds = Annotated[int, Field(**_within)]
Delays = WholeSeconds | Seconds | list[WholeSeconds] | list[Seconds]
"""Seconds, whole ones most often: the same for all attempts, or one for each."""


class FlowRunPolicy(Model):
    """How a flow run is retried, and where it stands with its pauses; delays in seconds."""

    max_retries: int = Field(default=0, deprecated="retries says it")
    retry_delay_seconds: Seconds = Field(default=0, deprecated="retry_delay says it")
    retries: int | None = None
    retry_delay: WholeSeconds | None = None
    pause_keys: set[str] | None = Field(default_factory=set[str])
    resuming: bool | None = False
    retry_type: Literal["in_process", "reschedule"] | None = None

    @model_validator(mode="after")
    def populate_deprecated_fields(self) -> Self:
        """A deprecated field that is set fills its successor when that is not."""
        given = self.__dict__
        filled = policies.FlowRunPolicy(
            max_retries=given["max_retries"],
            retry_delay_seconds=given["retry_delay_seconds"],
            retries=self.retries,
            retry_delay=self.retry_delay,
        )
        self.retries, self.retry_delay = filled.retries, filled.retry_delay
        return self


class TaskRunPolicy(Model):
    """How a task run is retried: one delay in seconds for all attempts, or one for each."""

    max_retries: int = Field(default=0, deprecated="retries says it")
    retry_delay_seconds: Seconds = Field(default=0, deprecated="retry_delay says it")
    retries: int | None = None
    retry_delay: Delays | None = None
    retry_jitter_factor: Annotated[float, Field(allow_inf_nan=False)] | None = None

    @field_validator("retry_delay")
    @classmethod
    def validate_configured_retry_delays(cls, delays: Any) -> Any:
        """At most fifty delays."""
        return policies.TaskRunPolicy(retry_delay=delays).retry_delay

    @field_validator("retry_jitter_factor")
    @classmethod
    def validate_jitter_factor(cls, factor: float | None) -> float | None:
        """No less than none."""
        return policies.TaskRunPolicy(retry_jitter_factor=factor).retry_jitter_factor

    @model_validator(mode="after")
    def populate_deprecated_fields(self) -> Self:
        """A deprecated field that is set fills its successor when that is not."""
        filled = policies.TaskRunPolicy(**self.__dict__)
        self.retries = filled.retries
        self.retry_delay = cast("Delays | None", filled.retry_delay)
        return self
