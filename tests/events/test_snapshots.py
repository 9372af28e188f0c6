"""An entity that was written as snapshots is the same entity when it is read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from events.entities import (
    Alias,
    Entity,
    Flow,
    FlowRun,
    FlowRunAttributes,
    FlowRunInput,
    FlowRunInputs,
    FlowRunProgress,
    TaskCache,
    TaskRun,
    TaskRunAttributes,
    TaskRunProgress,
    flow_key,
    flow_name_key,
    flow_run_input_key,
    flow_run_inputs_key,
    flow_run_key,
    task_cache_key,
    task_place_key,
    task_run_key,
)
from events.wire.snapshots import entity_of, fields_of, written
from tests.support.examples import FLOW, FLOW_RUN_ATTRIBUTES, NOON, RUN, TASK_RUN_ATTRIBUTES
from tests.support.strategies import messages

KEYS: dict[type, str] = {
    Flow: flow_key(FLOW),
    Alias: flow_name_key("etl"),
    TaskCache: task_cache_key(FLOW),
    FlowRunInput: flow_run_input_key(RUN, "k"),
    FlowRunInputs: flow_run_inputs_key(RUN),
    FlowRun: flow_run_key(RUN),
    TaskRun: task_run_key(TASK_RUN_ATTRIBUTES.id),
}
ENTITIES: st.SearchStrategy[Any] = st.one_of(
    messages(Flow),
    messages(Alias),
    messages(TaskCache),
    messages(FlowRunInput),
    messages(FlowRunInputs),
    st.builds(FlowRun, messages(FlowRunAttributes), messages(FlowRunProgress)),
    st.builds(TaskRun, messages(TaskRunAttributes), messages(TaskRunProgress)),
)


@given(ENTITIES)
def test_what_is_written_is_what_is_read(entity: Entity) -> None:
    key = KEYS[type(entity)]
    stored = dict(written(key, None, entity))

    assert entity_of(key, [stored.get(field) for field in fields_of(key)]) == entity


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("flow:1", ("flow:1",)),
        ("flow_name:etl", ("flow_name:etl",)),
        ("task_place:1:load:0", ("task_place:1:load:0",)),
        ("task_cache:1", ("task_cache:1",)),
        ("flow_run:1", ("flow_run:1", "flow_run:1:attributes")),
        ("task_run:1", ("task_run:1", "task_run:1:attributes")),
    ],
)
def test_a_run_is_two_fields_and_anything_else_is_one(key: str, fields: tuple[str, ...]) -> None:
    assert fields_of(key) == fields
    assert entity_of(key, [None] * len(fields)) is None


def test_a_task_place_leads_to_a_task_run() -> None:
    key = task_place_key(RUN, "load", "0")
    stored = dict(written(key, None, Alias(id=TASK_RUN_ATTRIBUTES.id)))

    assert entity_of(key, [stored[key]]) == Alias(id=TASK_RUN_ATTRIBUTES.id)
    assert task_place_key(None, "load", "0") == "task_place::load:0"


@pytest.mark.parametrize(
    "run",
    [
        FlowRun(FLOW_RUN_ATTRIBUTES, FlowRunProgress()),
        TaskRun(TASK_RUN_ATTRIBUTES, TaskRunProgress()),
    ],
)
def test_attributes_are_written_again_only_when_they_are_other_ones(
    run: FlowRun | TaskRun,
) -> None:
    moved = structs.replace(run, progress=structs.replace(run.progress, updated=NOON))
    amended = structs.replace(run, attributes=structs.replace(run.attributes, name="new"))  # pyright: ignore[reportArgumentType]

    assert [field for field, _ in written("key", None, run)] == ["key", "key:attributes"]
    assert [field for field, _ in written("key", run, moved)] == ["key"]
    assert [field for field, _ in written("key", run, amended)] == ["key", "key:attributes"]


def test_progress_without_attributes_is_damage() -> None:
    with pytest.raises(ValueError, match=r"^snapshot flow_run:1 has progress and no attributes$"):
        entity_of("flow_run:1", [b'{"type":"flow_run_progress.v1"}', None])


def test_a_key_that_is_no_entity_is_damage() -> None:
    with pytest.raises(ValueError, match=r"^no entity has a key like colour:1$"):
        entity_of("colour:1", [b"{}", b"{}"])
