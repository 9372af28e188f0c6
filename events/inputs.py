"""What becomes of a flow run's inputs when one is stored or some are deleted."""

from collections.abc import Iterable, Mapping, MutableMapping
from uuid import UUID

from .entities import (
    Entity,
    FlowRunInput,
    FlowRunInputs,
    flow_run_input_key,
    flow_run_inputs_key,
)

Changed = MutableMapping[str, Entity | None]


def keys_of(known: Mapping[str, Entity | None], flow_run_id: UUID) -> tuple[str, ...]:
    """The keys of the flow run's inputs, in the order in which they were stored."""
    found = known.get(flow_run_inputs_key(flow_run_id))
    return found.keys if isinstance(found, FlowRunInputs) else ()


def store(known: Mapping[str, Entity], changed: Changed, input: FlowRunInput) -> None:
    """The flow run has *input*, as its newest."""
    id, key = input.flow_run_id, input.key
    others = (each for each in keys_of(known, id) if each != key)
    changed[flow_run_input_key(id, key)] = input
    changed[flow_run_inputs_key(id)] = FlowRunInputs(keys=(*others, key))


def delete(
    known: Mapping[str, Entity],
    changed: Changed,
    flow_run_id: UUID,
    keys: Iterable[str] | None = None,
) -> None:
    """The flow run has none of the inputs under *keys*, or none at all."""
    before = keys_of(known, flow_run_id)
    gone = set(before if keys is None else keys)
    rest = tuple(key for key in before if key not in gone)
    if rest == before:
        return
    for key in before:
        if key in gone:
            changed[flow_run_input_key(flow_run_id, key)] = None
    changed[flow_run_inputs_key(flow_run_id)] = FlowRunInputs(keys=rest) if rest else None
