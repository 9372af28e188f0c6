"""Blocks hide their secrets, pools know their kind, queues their health, limits their bounds."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import Secret, SecretBytes, SecretStr, ValidationError

from events.slugs import slug_of
from headgate import clock
from headgate.objects import (
    Agent,
    BlockDocument,
    BlockDocumentReference,
    BlockSchema,
    BlockType,
    ConcurrencyOptions,
    Deployment,
    Flow,
    FlowRun,
    QueueFilter,
    TaskRun,
    WorkPool,
    WorkPoolStatus,
    WorkQueue,
    WorkQueueHealthPolicy,
)
from headgate.objects.deployments import (
    CronSchedule,
    DeploymentSchedule,
    IntervalSchedule,
    RRuleSchedule,
)

ID = clock.new_id()
SCHEMA = BlockSchema(
    checksum="c", block_type_id=ID, fields={"secret_fields": ["password", "keys.*"]}
)
LOGIN = {"user": "u", "password": "p", "keys": {"a": 1}}


def a_document(**more: Any) -> BlockDocument:
    given = {"name": "one", "block_schema_id": SCHEMA.id, "block_type_id": ID}
    return BlockDocument.model_validate(given | more)


@pytest.mark.parametrize("mode", ["python", "json"])
def test_secrets_are_masked_unless_they_are_asked_for(mode: str) -> None:
    document = a_document(data=LOGIN, block_schema=SCHEMA)
    masked = {"user": "u", "password": "********", "keys": {"a": "********"}}
    assert document.model_dump(mode=mode)["data"] == masked
    asked = document.model_dump(mode=mode, context={"include_secrets": True})
    assert asked["data"] == LOGIN
    assert document.data == LOGIN
    assert "data" not in document.model_dump(exclude={"data"})


@pytest.mark.parametrize("mode", ["python", "json"])
def test_a_secret_in_a_tuple_is_masked(mode: str) -> None:
    schema = SCHEMA.model_copy(update={"fields": {"secret_fields": ["logins.password"]}})
    given = {"logins": ({"user": "u", "password": "p"},)}
    document = a_document(data=given, block_schema=schema)
    shown = document.model_dump(mode=mode)["data"]
    assert shown == {"logins": [{"user": "u", "password": "********"}]}
    asked = document.model_dump(context={"include_secrets": True})
    assert asked["data"] == given == document.data


@pytest.mark.parametrize("mode", ["python", "json"])
def test_a_secret_of_pydantic_is_shown_to_who_asks_only(mode: str) -> None:
    hidden = {"password": SecretStr("p"), "keys": {"a": [SecretBytes(b"q")], "b": (Secret(5),)}}
    for schema in (SCHEMA, None):
        document = a_document(data=hidden, block_schema=schema)
        assert "'p'" not in str(document.model_dump(mode=mode))
        asked = document.model_dump(mode=mode, context={"include_secrets": True})
        q = "q" if mode == "json" else b"q"
        some = [5] if mode == "json" else (5,)
        assert asked["data"] == {"password": "p", "keys": {"a": [q], "b": some}}
        assert document.data == hidden


def test_a_block_without_its_schema_has_no_secrets() -> None:
    assert a_document(data=LOGIN).model_dump()["data"] == LOGIN
    plain = BlockSchema(checksum="c", block_type_id=ID)
    assert a_document(data=LOGIN, block_schema=plain).model_dump()["data"] == LOGIN


@pytest.mark.parametrize("name", [None, ""])
def test_only_an_anonymous_block_has_no_name(name: str | None) -> None:
    with pytest.raises(ValidationError):
        a_document(name=name)
    assert a_document(name=None, is_anonymous=True).name is None


@pytest.mark.parametrize("name", ["a/b", "50%", "a&b", "<a", "a>"])
def test_names_hold_no_characters_of_addresses(name: str) -> None:
    for make in (
        lambda: a_document(name=name),
        lambda: BlockType(name=name, slug="s"),
        lambda: Flow(name=name),
        lambda: Deployment(name=name, flow_id=ID),
        lambda: WorkPool(name=name, type="process", default_queue_id=ID),
        lambda: WorkQueue(name=name, work_pool_id=ID),
    ):
        with pytest.raises(ValidationError, match="name"):
            make()


def test_a_block_does_not_refer_to_itself() -> None:
    with pytest.raises(ValidationError, match="cannot be the same"):
        BlockDocumentReference(
            parent_block_document_id=ID, reference_block_document_id=ID, name="inner"
        )


def test_a_block_names_the_blocks_that_it_refers_to() -> None:
    document = a_document(block_document_references={"inner": {"block_document": {"id": str(ID)}}})
    (reference,) = document.references()
    assert (reference.name, reference.reference_block_document_id) == ("inner", ID)
    assert reference.parent_block_document_id == document.id


@pytest.mark.parametrize(
    ("type", "is_push", "is_managed"),
    [
        ("process", False, False),
        ("cloud-run:push", True, False),
        ("prefect:managed", False, True),
        ("push", False, False),
    ],
)
def test_the_type_of_a_pool_says_who_runs_its_runs(
    type: str, is_push: bool, is_managed: bool
) -> None:
    pool = WorkPool(name="p", type=type, default_queue_id=ID)
    assert (pool.is_push_pool, pool.is_managed_pool) == (is_push, is_managed)


@pytest.mark.parametrize("more", [{}, {"default_queue_id": None}])
def test_a_missing_default_queue_is_explained(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="`default_queue_id` is a required field"):
        WorkPool.model_validate({"name": "p", "type": "process"} | more)


def test_a_status_is_read_by_people() -> None:
    shown = [status.display_name for status in WorkPoolStatus]
    assert shown == ["Ready", "Not Ready", "Paused"]


@pytest.mark.parametrize(
    ("policy", "late", "polled_s_ago", "is_healthy"),
    [
        (WorkQueueHealthPolicy(), 0, 10, True),
        (WorkQueueHealthPolicy(), 1, 10, False),
        (WorkQueueHealthPolicy(), 0, 90, False),
        (WorkQueueHealthPolicy(), 0, None, False),
        (WorkQueueHealthPolicy(maximum_late_runs=2), 2, 10, True),
        (WorkQueueHealthPolicy(maximum_late_runs=None), 99, 10, True),
        (WorkQueueHealthPolicy(maximum_seconds_since_last_polled=120), 0, 90, True),
        (WorkQueueHealthPolicy(maximum_seconds_since_last_polled=None), 0, None, True),
        (WorkQueueHealthPolicy(maximum_seconds_since_last_polled=None), 1, None, False),
    ],
)
def test_a_queue_is_healthy_without_late_runs_and_when_it_was_polled_lately(
    policy: WorkQueueHealthPolicy, late: int, polled_s_ago: int | None, is_healthy: bool
) -> None:
    ago = None if polled_s_ago is None else clock.now() - timedelta(seconds=polled_s_ago)
    assert policy.evaluate_health_status(late, ago) is is_healthy


def test_numbers_have_bounds() -> None:
    for make in (
        lambda: WorkPool(name="p", type="t", default_queue_id=ID, concurrency_limit=-1),
        lambda: WorkQueue(name="q", work_pool_id=ID, concurrency_limit=-1),
        lambda: WorkQueue(name="q", work_pool_id=ID, priority=0),
        lambda: ConcurrencyOptions.model_validate(
            {"collision_strategy": "ENQUEUE", "grace_period_seconds": 59}
        ),
    ):
        with pytest.raises(ValidationError):
            make()


def test_who_reads_the_filter_of_a_queue_is_told_that_it_is_deprecated() -> None:
    queue = WorkQueue(name="q", work_pool_id=ID, filter=QueueFilter(tags=["t"]))
    with pytest.warns(DeprecationWarning, match="queues of pools"):
        assert queue.filter == QueueFilter(tags=["t"])


def test_an_agent_without_a_name_is_called_by_two_words() -> None:
    agent = Agent(work_queue_id=ID)
    assert agent.name == slug_of(agent.id)
    assert Agent(work_queue_id=ID, name="a").name == "a"


def test_null_is_no_labels() -> None:
    given = {"id": ID, "name": "n", "flow_id": ID, "task_key": "t", "dynamic_key": "0"}
    for kind in (Flow, FlowRun, TaskRun, Deployment):
        assert kind.model_validate(given | {"labels": None}).labels is None
        assert kind.model_validate(given).labels == {}


def test_kinds_of_schedules_are_told_by_their_fields() -> None:
    def read(**schedule: Any) -> Any:
        return DeploymentSchedule.model_validate({"schedule": schedule}).schedule

    assert isinstance(read(cron="* * * * *", timezone=None, day_or=True), CronSchedule)
    every = read(interval=90.5, anchor_date="2026-01-01T00:00:00Z", timezone=None)
    assert isinstance(every, IntervalSchedule)
    assert every.interval == timedelta(seconds=90.5)
    with pytest.raises(ValidationError, match="one kind, and not cron and rrule"):
        read(cron="* * * * *", rrule="FREQ=DAILY")
    assert isinstance(read(rrule="FREQ=DAILY"), RRuleSchedule)
    assert read(cron="* * * * *", colour="green") == CronSchedule(cron="* * * * *")
    made = DeploymentSchedule(schedule=every)
    assert made.schedule == every
