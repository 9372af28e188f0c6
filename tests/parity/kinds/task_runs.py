"""Task runs over HTTP, as clients of old and background tasks use them, and subflows."""

from typing import Any

from tests.parity.kinds.flow_runs import create as create_flow_run
from tests.parity.kinds.states import drawn_state
from tests.parity.kinds.world import Kind, World
from tests.parity.script import Step


def create(world: World) -> Step | None:
    """A task run, of a flow run or of none; of the same natural key now and then."""
    flow_run = world.any("run") if world.chance(0.8) else None
    body: dict[str, Any] = {"task_key": world.one("task-~", "other-~"), "dynamic_key": _key(world)}
    if flow_run is not None or world.chance(0.5):
        body["flow_run_id"] = flow_run and f"${flow_run}"
    body |= world.some(
        state=(0.8, lambda: _state(world)),
        name=(0.4, lambda: world.one("task-run-~", "", None)),
        tags=(0.2, lambda: world.one(["t1"], [])),
        labels=(0.2, lambda: world.one({"team": "b"}, {}, None)),
        task_version=(0.1, lambda: "v1"),
        cache_key=(0.1, lambda: "cache-~-a"),
        cache_expiration=(0.1, lambda: {"$in": 3600}),
        empirical_policy=(0.6, lambda: policy(world)),
        task_inputs=(0.1, lambda: {"x": [{"input_type": "parameter", "name": "y"}]}),
    )
    name = world.new("task")
    return Step(
        kind="create_task_run", method="POST", path="/task_runs/", body=body, binds=name,
        then=(f"/task_runs/${name}", f"/task_run_states/?task_run_id=${name}"),
        headers=world.client, settles=_settles(body.get("state")),
    )  # fmt: skip


def _key(world: World) -> str:
    return world.one("0", *(str(n) for n in range(20)))


def _state(world: World) -> dict[str, Any]:
    state = drawn_state(world, is_task=True, is_first=True)
    if world.chance(0.1):
        state.setdefault("state_details", {})["deferred"] = True
    return state


def _settles(state: Any) -> bool:
    """Whether a state is put where others look for it."""
    return bool(state and state.get("state_details", {}).get("cache_key"))


def policy(world: World) -> dict[str, Any]:
    """How often and when a failed task run is tried again."""
    return world.some(
        retries=(0.7, lambda: world.one(None, 0, 1, 2)),
        retry_delay=(0.6, lambda: world.one(None, 0, 60, 600.5, [60], [60, 600, 0])),
        retry_jitter_factor=(0.1, lambda: world.one(None, 0, 0.0)),
        max_retries=(0.1, lambda: world.one(0, 1)),
        retry_delay_seconds=(0.1, lambda: world.one(0, 20.0)),
    )


def set_state(world: World) -> Step | None:
    """A state for a task run, proposed; sometimes forced, sometimes deferred."""
    task = world.any("task")
    if task is None:
        return None
    state = drawn_state(world, is_task=True)
    if world.chance(0.06):
        state.setdefault("state_details", {})["deferred"] = True
    body: dict[str, Any] = {"state": state}
    if world.chance(0.12):
        body["force"] = world.one(True, True, False)
    return Step(
        kind="set_task_run_state", method="POST", path=f"/task_runs/${task}/set_state", body=body,
        then=(f"/task_runs/${task}",), headers=world.client, settles=_settles(state),
    )  # fmt: skip


def run_the_flow(world: World) -> Step | None:
    """The flow run of the task runs runs, so that they may."""
    run = world.any("run")
    if run is None:
        return None
    return Step(
        kind="set_flow_run_state", method="POST", path=f"/flow_runs/${run}/set_state",
        body={"state": {"type": "RUNNING"}, "force": True}, then=world.reads(run), settles=True,
    )  # fmt: skip


def subflow(world: World) -> Step | None:
    """A flow run for which a task run stands."""
    task = world.any("task")
    step = create_flow_run(world)
    if task is None or step is None or step.binds is None:
        return None
    world.parents[step.binds] = task
    return Step(
        kind="create_subflow", method=step.method, path=step.path, binds=step.binds,
        body={**step.body, "parent_task_run_id": f"${task}"}, headers=step.headers,
        then=(*step.then, f"/task_runs/${task}"), settles=True,
    )  # fmt: skip


def patch(world: World) -> Step | None:
    """A task run, renamed."""
    task = world.any("task")
    if task is None:
        return None
    return Step(
        kind="patch_task_run", method="PATCH", path=f"/task_runs/${task}",
        body=world.one({"name": "renamed-~"}, {}, {"name": ""}, {"name": None}),
        then=(f"/task_runs/${task}",),
    )  # fmt: skip


def delete(world: World) -> Step | None:
    """A task run, deleted."""
    task = world.any("task")
    if task is None:
        return None
    return Step(
        kind="delete_task_run", method="DELETE", path=f"/task_runs/${task}",
        then=(f"/task_runs/${task}", f"/task_run_states/?task_run_id=${task}"),
    )  # fmt: skip


KINDS = (
    Kind("create_task_run", 4, create),
    Kind("set_task_run_state", 14, set_state),
    Kind("run_the_flow", 2, run_the_flow),
    Kind("create_subflow", 2, subflow),
    Kind("patch_task_run", 1, patch),
    Kind("delete_task_run", 1, delete),
)
