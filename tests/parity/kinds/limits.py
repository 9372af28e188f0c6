"""Limits of both generations: made, amended, their slots taken and given back, with leases."""

from typing import Any

from tests.parity.kinds.flow_runs import NOBODY
from tests.parity.kinds.world import Kind, World
from tests.parity.script import Step

NAMES = ("limit-~-a", "limit-~-b")
TAG = "tag-~"
V2 = "/v2/concurrency_limits"


def _reads(*names: str) -> tuple[str, ...]:
    return tuple(f"{V2}/{name}" for name in names)


def create(world: World) -> Step | None:
    """A limit that any number of names may share."""
    name = world.random.choice(NAMES)
    world.made.setdefault("limit", []).append(name)
    body: dict[str, Any] = {"name": name, "limit": world.one(0, 1, 2, 2, 3, -1)}
    body |= world.some(
        active=(0.2, lambda: world.one(True, False)),
        slot_decay_per_second=(0.15, lambda: 0.00001),
        active_slots=(0.1, lambda: world.one(0, 1)),
    )
    return Step(kind="create_limit", method="POST", path=f"{V2}/", body=body, then=_reads(name))


def patch(world: World) -> Step | None:
    """A limit, changed."""
    name = world.any("limit")
    if name is None:
        return None
    body = world.some(
        limit=(0.5, lambda: world.one(0, 1, 2, 5)),
        active=(0.3, lambda: world.one(True, False)),
        active_slots=(0.1, lambda: world.one(0, 1)),
    )
    return Step(
        kind="patch_limit", method="PATCH", path=f"{V2}/{name}", body=body, then=_reads(name)
    )


def delete(world: World) -> Step | None:
    """A limit, forgotten."""
    name = world.any("limit")
    if name is None:
        return None
    return Step(kind="delete_limit", method="DELETE", path=f"{V2}/{name}", then=_reads(name))


def _taken(world: World) -> dict[str, Any]:
    names = world.one([NAMES[0]], [NAMES[1]], list(NAMES), ["nobody-~"], [NAMES[0], "nobody-~"], [])
    body: dict[str, Any] = {"names": names, "slots": world.one(1, 1, 1, 2, 0)}
    body |= world.some(mode=(0.2, lambda: world.one("concurrency", "rate_limit")))
    return body


def take(world: World) -> Step | None:
    """Slots, all or none of them."""
    return Step(
        kind="take_slots", method="POST", path=f"{V2}/increment", body=_taken(world),
        then=_reads(*NAMES),
    )  # fmt: skip


def give(world: World) -> Step | None:
    """Slots, given back."""
    body = {"names": world.one([NAMES[0]], list(NAMES)), "slots": world.one(1, 1, 2)}
    body |= world.some(occupancy_seconds=(0.3, lambda: 1.5))
    return Step(
        kind="give_slots", method="POST", path=f"{V2}/decrement", body=body, then=_reads(*NAMES)
    )


def take_with_lease(world: World) -> Step | None:
    """Slots for some time."""
    body = _taken(world)
    body |= world.some(
        lease_duration=(0.5, lambda: world.one(60, 600, 10)),
        holder=(0.3, lambda: {"type": "task_run", "id": NOBODY}),
    )
    return Step(
        kind="take_with_lease", method="POST", path=f"{V2}/increment-with-lease", body=body,
        binds=world.new("lease"), then=_reads(*NAMES),
    )  # fmt: skip


def renew(world: World) -> Step | None:
    """A lease, made longer."""
    lease = world.any("lease")
    id = NOBODY if lease is None or world.chance(0.1) else f"${lease}"
    return Step(
        kind="renew_lease", method="POST", path=f"{V2}/leases/{id}/renew",
        body={"lease_duration": world.one(60, 600)},
    )  # fmt: skip


def give_with_lease(world: World) -> Step | None:
    """What a lease holds, given back."""
    lease = world.any("lease")
    id = NOBODY if lease is None or world.chance(0.1) else f"${lease}"
    return Step(
        kind="give_with_lease", method="POST", path=f"{V2}/decrement-with-lease",
        body={"lease_id": id}, then=_reads(*NAMES),
    )  # fmt: skip


def create_for_tag(world: World) -> Step | None:
    """A limit of the first generation, on a tag of task runs."""
    return Step(
        kind="create_tag_limit", method="POST", path="/concurrency_limits/",
        body={"tag": TAG, "concurrency_limit": world.one(0, 1, 1, 2)},
        then=(f"/concurrency_limits/tag/{TAG}",),
    )  # fmt: skip


def tagged(world: World) -> list[Step] | None:
    """A task run of the tag, that wants to run, and perhaps to end."""
    name, key = world.new("task"), world.one(*"abcdef")
    body = {"task_key": "tagged-~", "dynamic_key": key, "flow_run_id": None, "tags": [TAG]}
    path, limit = f"/task_runs/${name}", f"/concurrency_limits/tag/{TAG}"
    wanted = world.one(("RUNNING",), ("RUNNING", "COMPLETED"), ("RUNNING", "RUNNING"), ("FAILED",))
    return [
        Step(kind="create_task_run", method="POST", path="/task_runs/", body=body, binds=name),
        *(
            Step(kind="set_tagged_state", method="POST", path=f"{path}/set_state",
                 body={"state": {"type": type}}, then=(path, limit))
            for type in wanted
        ),
    ]  # fmt: skip


def reset_tag(world: World) -> Step | None:
    """The slots of a tag, all given back; or the limit, forgotten."""
    path = f"/concurrency_limits/tag/{TAG}"
    if world.chance(0.5):
        return Step(kind="delete_tag_limit", method="DELETE", path=path, then=(path,))
    return Step(kind="reset_tag", method="POST", path=f"{path}/reset", body={}, then=(path,))


KINDS = (
    Kind("create_limit", 2, create),
    Kind("patch_limit", 0.5, patch),
    Kind("delete_limit", 0.3, delete),
    Kind("take_slots", 1.5, take),
    Kind("give_slots", 1, give),
    Kind("take_with_lease", 1.5, take_with_lease),
    Kind("renew_lease", 0.5, renew),
    Kind("give_with_lease", 1, give_with_lease),
    Kind("create_tag_limit", 1, create_for_tag),
    Kind("tagged_task_run", 1.5, tagged),
    Kind("reset_tag", 0.3, reset_tag),
)
