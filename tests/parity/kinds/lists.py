"""Lists, counts and histories of what a script has made; asked at its end."""

from typing import Any

from tests.parity.kinds.world import World
from tests.parity.script import Step

BY_FLOW: dict[str, Any] = {"flows": {"id": {"any_": ["$flow"]}}}


def looked_at(world: World) -> list[Step]:
    """What is asked when a script has done everything else."""
    steps = [
        Step(kind="states", method="GET", path=f"/flow_run_states/?flow_run_id=${run}")
        for run in world.made.get("run", [])
    ]
    steps += [
        Step(kind="states", method="GET", path=f"/task_run_states/?task_run_id=${task}")
        for task in world.made.get("task", [])
    ]
    steps += [
        Step(
            kind="count_task_runs", method="POST", path="/task_runs/count", body=_tasks(world)
        ),
        Step(
            kind="filter_task_runs", method="POST", path="/task_runs/filter", body=_tasks(world),
            is_unordered=True,
        ),
        Step(kind="count_flow_runs", method="POST", path="/flow_runs/count", body=_filtered(world)),
        Step(
            kind="flow_run_history", method="POST", path="/flow_runs/history",
            body={**BY_FLOW, **_span(world)},
        ),
        Step(
            kind="filter_flow_runs", method="POST", path="/flow_runs/filter",
            body=_filtered(world), is_unordered=True,
        ),
    ]  # fmt: skip
    return steps


def _span(world: World) -> dict[str, Any]:
    """A stretch of time whose buckets do not begin now."""
    interval = world.one(1800, 3600, 7000.5)
    return {
        "history_start": {"$in": -interval * 1.5},
        "history_end": {"$in": world.one(-1, 1800, 90000)},
        "history_interval_seconds": interval,
    }


def _filtered(world: World) -> dict[str, Any]:
    runs = world.one(
        {}, {},
        {"state": {"type": {"any_": ["RUNNING", "FAILED", "PAUSED"]}}},
        {"state": {"type": {"not_any_": ["SCHEDULED"]}}},
        {"state": {"name": {"any_": ["Late", "AwaitingRetry", "Suspended", "Running"]}}},
        {"tags": {"all_": ["t1"]}}, {"tags": {"is_null_": True}},
        {"expected_start_time": {"after_": {"$in": 30}}},
        {"start_time": {"is_null_": True}}, {"end_time": {"before_": {"$in": 30}}},
        {"next_scheduled_start_time": {"before_": {"$in": 30}}},
        {"parent_task_run_id": {"is_null_": True}}, {"deployment_id": {"is_null_": True}},
        {"idempotency_key": {"any_": ["key-~-1"]}}, {"name": {"like_": "run-~"}},
    )  # fmt: skip
    return {**BY_FLOW, "flow_runs": runs} if runs else dict(BY_FLOW)


def _tasks(world: World) -> dict[str, Any]:
    tasks = world.one(
        {}, {}, {"state": {"type": {"any_": ["RUNNING", "COMPLETED", "FAILED"]}}},
        {"state": {"name": {"any_": ["Cached", "AwaitingRetry", "NotReady", "Retrying"]}}},
        {"subflow_runs": {"exists_": True}}, {"subflow_runs": {"exists_": False}},
        {"tags": {"all_": ["t1"]}},
    )  # fmt: skip
    return {**BY_FLOW, "task_runs": tasks} if tasks else dict(BY_FLOW)
