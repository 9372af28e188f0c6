"""Deployments: made, made again, amended, paused; runs of theirs, and what limits them."""

from typing import Any

from tests.parity.kinds.flow_runs import policy
from tests.parity.kinds.states import drawn_state
from tests.parity.kinds.world import Kind, World
from tests.parity.script import Step

SCHEMA = {
    "type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"],
}  # fmt: skip
SCHEDULES: tuple[dict[str, Any], ...] = (
    {"schedule": {"interval": 3600000.0, "anchor_date": "2026-01-01T00:00:00Z"}, "active": True},
    {"schedule": {"cron": "0 9 * * *", "timezone": "Europe/Berlin"}, "active": False},
    {
        "schedule": {"rrule": "DTSTART:20200101T000000\nFREQ=DAILY;COUNT=3", "timezone": "UTC"},
        "slug": "daily",
    },
)


def create(world: World) -> Step | None:
    """A deployment; the one of the same name again now and then."""
    body: dict[str, Any] = {"flow_id": "$flow", "name": world.one("dep-~", "dep-~-2")}
    body |= _fields(world)
    body |= world.some(
        labels=(0.2, lambda: {"dep": "y"}),
        schedules=(0.2, lambda: [world.random.choice(SCHEDULES)]),
    )
    name = world.new("deployment")
    return Step(
        kind="create_deployment", method="POST", path="/deployments/", body=body, binds=name,
        then=(f"/deployments/${name}",), headers=world.client,
    )  # fmt: skip


def _fields(world: World) -> dict[str, Any]:
    fields = world.some(
        paused=(0.2, lambda: world.one(True, False)),
        tags=(0.3, lambda: world.one(["d1"], [])),
        parameters=(0.3, lambda: {"x": 1}),
        description=(0.2, lambda: world.one("what it does", None)),
        version=(0.1, lambda: "1"),
        job_variables=(0.2, lambda: {"cpu": 1}),
        entrypoint=(0.1, lambda: "flow.py:flow"),
        enforce_parameter_schema=(0.3, lambda: world.one(True, False)),
    )
    if world.chance(0.35):
        fields["concurrency_limit"] = world.one(1, 1, 1, 2, None)
    if world.chance(0.3):
        fields["concurrency_options"] = world.one(
            {"collision_strategy": "ENQUEUE"},
            {"collision_strategy": "CANCEL_NEW"},
            {"collision_strategy": "ENQUEUE", "grace_period_seconds": 60},
            None,
        )
    if world.chance(0.2):
        fields["parameter_openapi_schema"] = SCHEMA
    return fields


def patch(world: World) -> Step | None:
    """Some of a deployment, changed."""
    deployment = world.any("deployment")
    if deployment is None:
        return None
    return Step(
        kind="patch_deployment", method="PATCH", path=f"/deployments/${deployment}",
        body=_fields(world), then=(f"/deployments/${deployment}",), headers=world.client,
    )  # fmt: skip


def pause(world: World) -> Step | None:
    """A deployment, paused or resumed."""
    deployment = world.any("deployment")
    if deployment is None:
        return None
    what = world.one("pause", "resume")
    return Step(
        kind="pause_deployment", method="POST",
        path=f"/deployments/${deployment}/{what}_deployment",
        then=(f"/deployments/${deployment}",),
    )  # fmt: skip


def delete(world: World) -> Step | None:
    """A deployment, forgotten."""
    deployment = world.any("deployment")
    if deployment is None:
        return None
    # any of them may be its own: two names may be bound to one deployment
    runs = (f"/flow_runs/${run}" for run in world.deployed)
    return Step(
        kind="delete_deployment", method="DELETE", path=f"/deployments/${deployment}",
        then=(f"/deployments/${deployment}", *runs), settles=True,
    )  # fmt: skip


def create_run(world: World) -> Step | None:
    """A run of a deployment."""
    deployment = world.any("deployment")
    if deployment is None:
        return None
    body = world.some(
        state=(0.5, lambda: drawn_state(world, is_first=True)),
        parameters=(0.4, lambda: world.one({"x": 2}, {}, {"x": "no"}, {"z": 1})),
        name=(0.4, lambda: "run-~"),
        tags=(0.3, lambda: ["t1"]),
        idempotency_key=(0.2, lambda: world.one("key-~-1", "key-~-2")),
        empirical_policy=(0.4, lambda: policy(world)),
        labels=(0.1, lambda: {"team": "b"}),
        job_variables=(0.2, lambda: world.one({"cpu": 2}, None)),
        context=(0.1, lambda: {"a": 1}),
    )
    name = world.new("run")
    world.deployed[name] = deployment
    return Step(
        kind="create_deployment_run", method="POST",
        path=f"/deployments/${deployment}/create_flow_run", body=body, binds=name,
        then=world.reads(name), headers=world.client,
    )  # fmt: skip


def claim(world: World) -> Step | None:
    """A run of a deployment, taken by a worker, which takes a slot where those are limited."""
    runs = [run for run in world.made.get("run", []) if run in world.deployed]
    if not runs:
        return None
    run = world.random.choice(runs)
    return Step(
        kind="claim_deployment_run", method="POST", path=f"/flow_runs/${run}/set_state",
        body={"state": {"type": world.one("PENDING", "PENDING", "RUNNING", "COMPLETED")}},
        then=world.reads(run), settles=True, headers=world.client,
    )  # fmt: skip


KINDS = (
    Kind("create_deployment", 2, create),
    Kind("patch_deployment", 1, patch),
    Kind("pause_deployment", 0.5, pause),
    Kind("delete_deployment", 0.3, delete),
    Kind("create_deployment_run", 4, create_run),
    Kind("claim_deployment_run", 6, claim),
)
