"""Inputs of flow runs, and pauses that ask for one."""

import json
from typing import Any

from tests.parity.kinds.states import keyset
from tests.parity.kinds.world import Kind, World
from tests.parity.script import Step

KEYS = ("paused-a-schema", "paused-a-response", "suspended-b-schema", "notes", "auto-1")
SCHEMAS: tuple[Any, ...] = (
    {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
    {"type": "object", "properties": {"x": {"type": "integer", "default": 5}}},
    {"type": "object", "properties": {}},
)
GIVEN: tuple[Any, ...] = (None, {}, {"x": 1}, {"x": "no"}, {"x": 1, "y": 2}, {"z": None})


def store(world: World) -> Step | None:
    """An input, kept beside a flow run."""
    run = world.any("run")
    if run is None:
        return None
    key = world.random.choice(KEYS)
    body: dict[str, Any] = {"key": key, "value": world.one("text", '{"x": 1}', "", "[1]")}
    body |= world.some(sender=(0.2, lambda: world.one("prefect.flow-run.x", None)))
    if world.chance(0.05):
        body["key"] = "Not A Key"
    return Step(
        kind="store_input", method="POST", path=f"/flow_runs/${run}/input", body=body,
        then=(f"/flow_runs/${run}/input/{key}",),
    )  # fmt: skip


def search(world: World) -> Step | None:
    """Inputs, by the start of their keys."""
    run = world.any("run")
    if run is None:
        return None
    body: dict[str, Any] = {"prefix": world.one("paused", "n", "")}
    body |= world.some(limit=(0.5, lambda: world.one(1, 5)), exclude_keys=(0.3, lambda: ["notes"]))
    return Step(
        kind="filter_inputs", method="POST", path=f"/flow_runs/${run}/input/filter", body=body
    )


def forget(world: World) -> Step | None:
    """An input, deleted."""
    run = world.any("run")
    if run is None:
        return None
    key = world.random.choice(KEYS)
    return Step(
        kind="delete_input", method="DELETE", path=f"/flow_runs/${run}/input/{key}",
        then=(f"/flow_runs/${run}/input/{key}",),
    )  # fmt: skip


def resume(world: World) -> Step | None:
    """A run that may be paused, resumed."""
    run = world.any("run")
    if run is None:
        return None
    body: dict[str, Any] = {}
    if world.chance(0.7):
        body["run_input"] = world.random.choice(GIVEN)
    return Step(
        kind="resume_flow_run", method="POST", path=f"/flow_runs/${run}/resume", body=body,
        then=(f"/flow_runs/${run}", f"/flow_runs/${run}/input/paused-a-response"),
        settles=world.moves_others(run), headers=world.client,
    )  # fmt: skip


def ask_for_input(world: World) -> list[Step] | None:
    """A run pauses until somebody gives it what it asks for."""
    run = world.any("run")
    if run is None:
        return None
    pause: dict[str, Any] = {
        "type": "PAUSED",
        "state_details": {
            "pause_key": "a", "run_input_keyset": keyset("paused-a"),
            "pause_timeout": {"$in": world.one(3600, 3600, 3600, -60)},
        },
    }  # fmt: skip
    path = f"/flow_runs/${run}"
    steps = [
        Step(kind="set_flow_run_state", method="POST", path=f"{path}/set_state", then=(path,),
             body={"state": {"type": "RUNNING"}, "force": True}),
        Step(kind="set_flow_run_state", method="POST", path=f"{path}/set_state", then=(path,),
             body={"state": pause}),
    ]  # fmt: skip
    if world.chance(0.9):
        schema = json.dumps(world.random.choice(SCHEMAS)) if world.chance(0.95) else "not JSON"
        body = {"key": "paused-a-schema", "value": schema}
        steps.append(Step(kind="store_input", method="POST", path=f"{path}/input", body=body))
    steps += [step for _ in range(world.one(1, 2)) if (step := resume(world)) is not None]
    return steps


KINDS = (
    Kind("store_input", 1, store),
    Kind("filter_inputs", 0.5, search),
    Kind("delete_input", 0.5, forget),
    Kind("resume_flow_run", 1, resume),
    Kind("ask_for_input", 1.2, ask_for_input),
)
