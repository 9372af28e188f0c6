"""Concurrency limits: how many may do something at once, by name, by tag or for a deployment."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from events.resources.deployments import GRACE_SECONDS_MAX, GRACE_SECONDS_MIN

from .model import Model, ObjectBaseModel

GraceSeconds = Annotated[int, Field(ge=GRACE_SECONDS_MIN, le=GRACE_SECONDS_MAX)]


class ConcurrencyLimitStrategy(StrEnum):
    """What becomes of a run that finds no slot: it waits, or is cancelled."""

    ENQUEUE = "ENQUEUE"
    CANCEL_NEW = "CANCEL_NEW"


class ConcurrencyOptions(Model):
    """What becomes of a run that finds no slot, and how long one that starts keeps its slot."""

    collision_strategy: ConcurrencyLimitStrategy
    grace_period_seconds: GraceSeconds | None = None


class ConcurrencyLimitConfig(Model):
    """How many runs of a deployment may be under way at once, and what becomes of more."""

    limit: int
    collision_strategy: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.ENQUEUE
    grace_period_seconds: GraceSeconds | None = None


class ConcurrencyLimit(ObjectBaseModel):
    """A limit on task runs with a tag, and the task runs that hold its slots."""

    tag: str
    concurrency_limit: int
    active_slots: list[UUID] = []


class GlobalConcurrencyLimit(ObjectBaseModel):
    """A limit by name; with a decay, slots come back by themselves, so many in a second."""

    name: str
    limit: int
    active: bool | None = True
    active_slots: int | None = 0
    slot_decay_per_second: float | None = 0.0
    denied_slots: int = 0
    avg_slot_occupancy_seconds: float = 2.0
