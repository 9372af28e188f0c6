"""Triggers: which events, or which lack of them, set an automation off. Spans are in seconds."""

from typing import Annotated, Literal, Union
from uuid import UUID

from msgspec import Meta, Struct

Labels = dict[str, str | list[str]]
"""Values that a resource's labels must have; of several, one will do."""

PROACTIVE_MIN_S = 10
METRIC_MIN_S = 300.0


class _Trigger(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A closed family; its members are listed in `Trigger`."""

    id: UUID


class EventTrigger(_Trigger, frozen=True, kw_only=True, tag="event"):
    """*threshold* events that are *expected*, or not so many, *within* a span after others.

    Counted for each value of the labels in *for_each* by itself.
    """

    match: Labels = {}
    match_related: Labels | list[Labels] = {}
    after: list[str] = []
    expect: list[str] = []
    for_each: list[str] = []
    posture: Literal["Reactive", "Proactive"]
    threshold: int = 1
    within: Annotated[float, Meta(ge=0)] = 0.0

    def __post_init__(self) -> None:
        if self.posture == "Proactive" and self.within < PROACTIVE_MIN_S:
            raise ValueError(
                "Value error, `within` for Proactive triggers must be greater than or equal to"
                f" {PROACTIVE_MIN_S} seconds"
            )


class CompoundTrigger(_Trigger, frozen=True, kw_only=True, tag="compound"):
    """So many of these triggers have fired within a span of each other, in whatever order."""

    triggers: list["Trigger"]
    within: float | None
    require: int | Literal["any", "all"]

    def __post_init__(self) -> None:
        if isinstance(self.require, int):
            if self.require < 1:
                raise ValueError("Value error, require must be at least 1")
            if self.require > len(self.triggers):
                raise ValueError(
                    "Value error, require must be less than or equal to the number of triggers"
                )


class SequenceTrigger(_Trigger, frozen=True, kw_only=True, tag="sequence"):
    """All of these triggers have fired within a span of each other, in this order."""

    triggers: list["Trigger"]
    within: float | None


class MetricQuery(Struct, frozen=True, kw_only=True):
    """What is measured over *range* seconds, and how it must compare for how long."""

    name: str
    threshold: float
    operator: Literal["<", "<=", ">", ">="]
    range: Annotated[float, Meta(ge=METRIC_MIN_S)] = METRIC_MIN_S
    firing_for: Annotated[float, Meta(ge=METRIC_MIN_S)] = METRIC_MIN_S


class MetricTrigger(_Trigger, frozen=True, kw_only=True, tag="metric"):
    """A measure of the runs of matching resources passed a threshold."""

    match: Labels = {}
    match_related: Labels | list[Labels] = {}
    posture: Literal["Metric"]
    metric: MetricQuery


# not `X | Y`: the members name it in their own fields
Trigger = Union[EventTrigger, CompoundTrigger, SequenceTrigger, MetricTrigger]  # noqa: UP007
