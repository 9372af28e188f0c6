"""Snapshots: entities as they are stored beside the log, so that nobody folds it to read a run.

An entity is one field of its partition's snapshot hash, a run two: a transition writes only
the progress.
"""

from collections.abc import Iterator, Sequence
from typing import assert_never

from msgspec import json

from ..entities import (
    TASK_CACHE,
    Alias,
    Entity,
    Flow,
    FlowRun,
    FlowRunAttributes,
    FlowRunInput,
    FlowRunInputs,
    FlowRunProgress,
    Members,
    TaskCache,
    TaskRun,
    TaskRunAttributes,
    TaskRunProgress,
)
from ..resources.registry import KINDS, MEMBERS, NAMES
from ..resources.resource import Resource
from ..slots import ConcurrencyLease, ConcurrencyLimit, SlotsDecided
from .codec import encode

ATTRIBUTES = ":attributes"

_flows = json.Decoder(Flow)
_aliases = json.Decoder(Alias)
_caches = json.Decoder(TaskCache)
_inputs = json.Decoder(FlowRunInput)
_input_keys = json.Decoder(FlowRunInputs)
_leases = json.Decoder(ConcurrencyLease)
_limits = json.Decoder(ConcurrencyLimit)
_slots_decided = json.Decoder(SlotsDecided)
_members = json.Decoder(Members)
_resources = {name: json.Decoder(kind.type) for name, kind in KINDS.items()}
_flow_run_attributes = json.Decoder(FlowRunAttributes)
_flow_run_progress = json.Decoder(FlowRunProgress)
_task_run_attributes = json.Decoder(TaskRunAttributes)
_task_run_progress = json.Decoder(TaskRunProgress)


def fields_of(key: str) -> tuple[str, ...]:
    """The hash fields that hold the entity *key*."""
    if key.startswith(("flow_run:", "task_run:")):
        return (key, key + ATTRIBUTES)
    return (key,)


def entity_of(key: str, values: Sequence[bytes | None]) -> Entity | None:
    """The entity that *values*, read from `fields_of(key)`, are; None when it does not exist."""
    first = values[0]
    if first is None:
        return None
    if key.startswith("flow:"):
        return _flows.decode(first)
    if key.startswith((NAMES, "flow_name:", "task_place:", "concurrency_limit_name:")):
        return _aliases.decode(first)
    if key.startswith(TASK_CACHE):
        return _caches.decode(first)
    if key.startswith("flow_run_inputs:"):
        return _input_keys.decode(first)
    if key.startswith("flow_run_input:"):
        return _inputs.decode(first)
    if key.startswith("concurrency_limit:"):
        return _limits.decode(first)
    if key.startswith("concurrency_lease:"):
        return _leases.decode(first)
    if key.startswith("slots_decided:"):
        return _slots_decided.decode(first)
    if key.startswith(MEMBERS):
        return _members.decode(first)
    resources = _resources.get(key.partition(":")[0])
    if resources is not None:
        return resources.decode(first)
    attributes = values[1]
    if attributes is None:
        raise ValueError(f"snapshot {key} has progress and no attributes")
    if key.startswith("flow_run:"):
        return FlowRun(_flow_run_attributes.decode(attributes), _flow_run_progress.decode(first))
    if key.startswith("task_run:"):
        return TaskRun(_task_run_attributes.decode(attributes), _task_run_progress.decode(first))
    raise ValueError(f"no entity has a key like {key}")


def written(key: str, before: Entity | None, after: Entity) -> Iterator[tuple[str, bytes]]:
    """The fields to store so that *key* is *after*, given that *before* is stored."""
    match after:
        case FlowRun() | TaskRun():  # what comes most, first: a miss costs most
            yield key, encode(after.progress)
            if not isinstance(before, type(after)) or before.attributes is not after.attributes:
                yield key + ATTRIBUTES, encode(after.attributes)
        case (
            Flow()
            | Alias()
            | Members()
            | Resource()
            | TaskCache()
            | FlowRunInput()
            | FlowRunInputs()
            | ConcurrencyLimit()
            | ConcurrencyLease()
            | SlotsDecided()
        ):
            yield key, encode(after)
        case _:
            assert_never(after)
