"""Flow runs: created, moved, amended, deleted."""

from typing import Any

from tests.parity.kinds.states import TYPES, drawn_state
from tests.parity.kinds.world import Kind, World
from tests.parity.script import Step

NOBODY = "00000000-0000-4000-a000-000000000000"


def create(world: World) -> Step | None:
    """A flow run, as clients create one; the same idempotency key now and then."""
    body: dict[str, Any] = {"flow_id": "$flow"}
    body |= world.some(
        state=(0.8, lambda: drawn_state(world, is_first=True)),
        name=(0.5, lambda: world.one("run-~", "", None)),
        parameters=(0.3, lambda: {"x": world.one(1, "two", None, [3], {"a": {"b": 1.5}})}),
        idempotency_key=(0.2, lambda: world.one("key-~-1", "key-~-2")),
        context=(0.1, lambda: {"a": 1}),
        tags=(0.3, lambda: world.one(["t1"], ["t1", "t2"], [])),
        labels=(0.2, lambda: world.one({"team": "b"}, {"n": 1, "f": 1.5, "b": True}, None)),
        flow_version=(0.1, lambda: "v1"),
        infrastructure_pid=(0.02, lambda: "pid"),
        empirical_policy=(0.5, lambda: policy(world)),
        job_variables=(0.1, lambda: world.one({"cpu": 1}, {}, None)),
        created_by=(0.02, lambda: {"type": "X"}),
    )
    name = world.new("run")
    return Step(
        kind="create_flow_run", method="POST", path="/flow_runs/", body=body, binds=name,
        then=(f"/flow_runs/${name}", f"/flow_run_states/?flow_run_id=${name}"),
        headers=world.client,
    )  # fmt: skip


def policy(world: World) -> dict[str, Any]:
    """What is to happen when a flow run fails, and what it remembers of pauses."""
    return world.some(
        retries=(0.7, lambda: world.one(None, 0, 1, 1, 2)),
        retry_delay=(0.5, lambda: world.one(None, 0, 60, 600)),
        max_retries=(0.1, lambda: world.one(0, 1)),
        retry_delay_seconds=(0.1, lambda: world.one(0, 20.0)),
        pause_keys=(0.15, lambda: world.one(["a"], ["b", "a"], [], None)),
        resuming=(0.15, lambda: world.one(True, False, None)),
        retry_type=(0.15, lambda: world.one("in_process", "reschedule", None)),
    )


def set_state(world: World) -> Step | None:
    """A state, proposed; sometimes forced."""
    run = world.any("run")
    if run is None:
        return None
    body: dict[str, Any] = {"state": drawn_state(world)}
    if world.chance(0.15):
        body["force"] = world.one(True, True, False)
    headers = world.client
    return Step(
        kind="set_flow_run_state", method="POST", path=f"/flow_runs/${run}/set_state", body=body,
        then=world.reads(run), settles=world.moves_others(run), headers=headers,
    )  # fmt: skip


def patch(world: World) -> Step | None:
    """Some attributes, changed from outside."""
    run = world.any("run")
    if run is None:
        return None
    body = world.some(
        name=(0.3, lambda: world.one("renamed-~", "", None)),
        flow_version=(0.2, lambda: world.one("v2", None)),
        parameters=(0.3, lambda: {"y": 2}),
        empirical_policy=(0.5, lambda: policy(world)),
        tags=(0.3, lambda: world.one(["p"], [])),
        infrastructure_pid=(0.3, lambda: world.one("pid2", None)),
        job_variables=(0.15, lambda: world.one({"cpu": 2}, None)),
    )
    return Step(
        kind="patch_flow_run", method="PATCH", path=f"/flow_runs/${run}", body=body,
        then=(f"/flow_runs/${run}",), headers=world.client,
    )  # fmt: skip


def label(world: World) -> Step | None:
    """Some labels more."""
    run = world.any("run")
    if run is None:
        return None
    body = world.one({"a": 1}, {"team": "c"}, {}, {"x": "y", "z": True})
    return Step(
        kind="label_flow_run", method="PATCH", path=f"/flow_runs/${run}/labels", body=body,
        then=(f"/flow_runs/${run}",),
    )  # fmt: skip


def delete(world: World) -> Step | None:
    """A flow run, deleted."""
    run = world.any("run")
    if run is None:
        return None
    return Step(
        kind="delete_flow_run", method="DELETE", path=f"/flow_runs/${run}",
        then=(f"/flow_runs/${run}", f"/flow_run_states/?flow_run_id=${run}"),
    )  # fmt: skip


def set_many(world: World) -> Step | None:
    """One state for many."""
    runs = world.made.get("run", [])
    if not runs:
        return None
    chosen = [*runs[-2:], *(["nobody"] if world.chance(0.2) else [])]
    ids = [NOBODY if each == "nobody" else f"${each}" for each in chosen]
    body: dict[str, Any] = {
        "flow_runs": {"id": {"any_": ids}}, "state": drawn_state(world),
    }  # fmt: skip
    if world.chance(0.3):
        body["force"] = world.one(True, False)
    return Step(
        kind="bulk_set_state", method="POST", path="/flow_runs/bulk_set_state", body=body,
        then=tuple(f"/flow_runs/{each}" for each in ids), headers=world.client, settles=True,
    )  # fmt: skip


def delete_many(world: World) -> Step | None:
    """Many, deleted."""
    run = world.any("run")
    if run is None:
        return None
    return Step(
        kind="bulk_delete", method="POST", path="/flow_runs/bulk_delete",
        body={"flow_runs": {"id": {"any_": [f"${run}"]}}}, then=(f"/flow_runs/${run}",),
    )  # fmt: skip


def wrong(world: World) -> Step | None:
    """What no server should take."""
    run = world.any("run")
    path = f"/flow_runs/{world.one(NOBODY, 'nonsense', f'${run}' if run else NOBODY)}/set_state"
    body = world.one(
        {"state": {"type": "NOTHING"}}, {}, {"state": {"type": "RUNNING", "id": NOBODY}},
        {"state": None}, {"state": {"type": "RUNNING"}, "force": "perhaps"},
        {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "soon"}}},
        {"state": {"type": world.random.choice(TYPES), "name": 5}},
    )  # fmt: skip
    return Step(kind="wrong_flow_run_state", method="POST", path=path, body=body)


KINDS = (
    Kind("create_flow_run", 3, create),
    Kind("set_flow_run_state", 24, set_state),
    Kind("patch_flow_run", 2, patch),
    Kind("label_flow_run", 1, label),
    Kind("delete_flow_run", 0.5, delete),
    Kind("bulk_set_state", 1, set_many),
    Kind("bulk_delete", 0.3, delete_many),
    Kind("wrong_flow_run_state", 1, wrong),
)
