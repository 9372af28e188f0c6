"""Each setting of the reference that concerns orchestration has its own here, or a reason."""

import re

import pytest

from headgate.settings import Settings, variable
from tests.support.sources import ROOT

REFERENCE = """
TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS TASKS_MAX_CACHE_KEY_LENGTH
TASKS_SCHEDULING_MAX_SCHEDULED_QUEUE_SIZE TASKS_SCHEDULING_MAX_RETRY_QUEUE_SIZE
DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS
CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS
CONCURRENCY_LEASE_STORAGE
SERVICES_LATE_RUNS_ENABLED SERVICES_LATE_RUNS_LOOP_SECONDS SERVICES_LATE_RUNS_AFTER_SECONDS
SERVICES_PAUSE_EXPIRATIONS_ENABLED SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS
SERVICES_CANCELLATION_CLEANUP_ENABLED SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS
SERVICES_CANCELLATION_CLEANUP_CANCELLING_TIMEOUT_SECONDS
SERVICES_SCHEDULER_ENABLED SERVICES_SCHEDULER_LOOP_SECONDS
SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS
SERVICES_SCHEDULER_DEPLOYMENT_BATCH_SIZE SERVICES_SCHEDULER_INSERT_BATCH_SIZE
SERVICES_SCHEDULER_MIN_RUNS SERVICES_SCHEDULER_MAX_RUNS
SERVICES_SCHEDULER_MIN_SCHEDULED_TIME SERVICES_SCHEDULER_MAX_SCHEDULED_TIME
SERVICES_REPOSSESSOR_ENABLED SERVICES_REPOSSESSOR_LOOP_SECONDS
SERVICES_FOREMAN_ENABLED SERVICES_FOREMAN_LOOP_SECONDS
SERVICES_FOREMAN_INACTIVITY_HEARTBEAT_MULTIPLE
SERVICES_FOREMAN_FALLBACK_HEARTBEAT_INTERVAL_SECONDS
SERVICES_FOREMAN_DEPLOYMENT_LAST_POLLED_TIMEOUT_SECONDS
SERVICES_FOREMAN_WORK_QUEUE_LAST_POLLED_TIMEOUT_SECONDS
SERVICES_TASK_RUN_RECORDER_BATCH_SIZE SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL
API_DEFAULT_LIMIT API_MAX_PARAMETER_SIZE
"""
"""The names that the specification of orchestration lists, without `PREFECT_SERVER_`."""

HAS_NONE = {
    "TASKS_SCHEDULING_MAX_SCHEDULED_QUEUE_SIZE",
    "TASKS_SCHEDULING_MAX_RETRY_QUEUE_SIZE",
    "CONCURRENCY_LEASE_STORAGE",
    "SERVICES_TASK_RUN_RECORDER_BATCH_SIZE",
    "SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL",
    "API_DEFAULT_LIMIT",
}

OF_EARLIER_ONES = {
    "SERVICES_FLOW_RUN_NOTIFICATIONS_ENABLED",
    "SERVICES_FLOW_RUN_NOTIFICATIONS_TIMEOUT_SECONDS",
}
"""Of a service that the reference had once."""

ROW = re.compile(r"^\| `([A-Z_]+[A-Z])` *\| *([^|]*?) *\| *([^|]*?) *\| *(.+) \|$", re.MULTILINE)
WHOLE = (ROOT / "docs" / "reference" / "settings.md").read_text()
PAGE = WHOLE.partition("\nOf who may come in:\n")[0]
ACCESS = re.compile(r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \|", re.MULTILINE)


def test_the_page_lists_what_the_reference_has() -> None:
    assert [name for name, *_ in ROW.findall(PAGE)] == REFERENCE.split()


@pytest.mark.parametrize("row", ROW.findall(PAGE), ids=lambda row: row[0])
def test_a_setting_keeps_its_name_or_there_is_a_reason(row: tuple[str, ...]) -> None:
    name, _, here, ours = row
    if name in HAS_NONE:
        assert not here or name == "API_DEFAULT_LIMIT"
        assert "`" not in ours
        return
    assert ours == f"`{name}`"
    default = Settings.model_fields[name.lower()].default
    assert here == (str(default).lower() if isinstance(default, bool) else str(round(default)))


def test_no_setting_of_a_service_is_one_that_the_reference_does_not_have() -> None:
    prefixes = ("services_", "tasks_", "deployments_", "concurrency_")
    own = [name for name in Settings.model_fields if name.startswith(prefixes)]
    known = {*REFERENCE.split(), *OF_EARLIER_ONES}
    assert [variable(name) for name in own if name.upper() not in known] == []


def test_settings_of_who_may_come_in_have_a_counterpart() -> None:
    _, *rows = ACCESS.findall(WHOLE)
    assert len(rows) == 6
    for there, here in rows:
        assert here.endswith(there)
        assert here.lower() in Settings.model_fields
