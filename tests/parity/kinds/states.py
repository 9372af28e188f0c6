"""States to propose: every type, the names that rules know, the details that rules read."""

from typing import Any

from tests.parity.kinds.world import World

NAMES: dict[str, tuple[str, ...]] = {
    "SCHEDULED": ("Late", "AwaitingRetry", "AwaitingConcurrencySlot", "Resuming", "Scheduled"),
    "PENDING": ("Pending", "Submitting", "InfrastructurePending", "NotReady"),
    "RUNNING": ("Running", "Retrying", "Rerunning"),
    "COMPLETED": ("Completed", "Cached", "RolledBack", "Skipped"),
    "FAILED": ("Failed", "TimedOut"),
    "CANCELLED": ("Cancelled",),
    "CRASHED": ("Crashed",),
    "PAUSED": ("Paused", "Suspended", "Suspended", "NotReady"),
    "CANCELLING": ("Cancelling",),
}
TYPES = tuple(NAMES)
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
LIKELY = (*TYPES, *("PENDING",) * 3, *("RUNNING",) * 6, *("FAILED",) * 3, *("PAUSED",) * 2,
          *("COMPLETED",) * 2, "CANCELLING", "SCHEDULED")  # fmt: skip
TRANSITIONS = tuple(f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 4))
LEASE = "00000000-0000-4000-9000-000000000001"
MAPPINGS: tuple[Any, ...] = (
    {"type": "reference", "storage_key": "k"}, {"type": "unpersisted"}, {}, {"x": [1, None]},
)  # fmt: skip
SCALARS: tuple[Any, ...] = ([], [1, 2], "text", "", 0, 5, 1.5, True, False)


def drawn_state(world: World, *, is_task: bool = False, is_first: bool = False) -> dict[str, Any]:
    """A state as a client writes it."""
    type = world.random.choice(LIKELY)
    state: dict[str, Any] = {"type": type}
    state |= world.some(
        name=(0.35, lambda: world.one(*NAMES[type], *NAMES[type], "Custom", "")),
        message=(0.25, lambda: world.one("why", "", "ünïcode ☃", "a\nb")),
        state_details=(0.6, lambda: _details(world, type, is_task=is_task)),
    )
    # at creation the reference answers 500 to a state that carries a result
    if not is_first and world.chance(0.5 if type == "COMPLETED" else 0.15):
        state["data"] = _result(world, is_task=is_task)
    return state


def _result(world: World, *, is_task: bool) -> Any:
    # the reference answers 500 where a task run with a result that is no mapping is moved on
    if is_task or world.chance(0.8):
        return world.random.choice(MAPPINGS)
    return world.random.choice(SCALARS)


def _details(world: World, type: str, *, is_task: bool) -> dict[str, Any]:
    details = world.some(
        transition_id=(0.1, lambda: world.random.choice(TRANSITIONS)),
        deployment_concurrency_lease_id=(0.04, lambda: world.one(LEASE, None)),
        untrackable_result=(0.05, lambda: True),
        traceparent=(0.05, lambda: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        task_run_id=(0.03, lambda: LEASE),
        flow_run_id=(0.03, lambda: LEASE),
        nobody_knows=(0.03, lambda: 1),
        task_parameters_id=(0.03, lambda: LEASE),
    )
    if type in ("SCHEDULED", "PENDING") and world.chance(0.6):
        details["scheduled_time"] = world.one(None, *_instants(-3600, -60, 60, 3600, 86400))
    if type == "PAUSED":
        details |= _pause(world)
    if is_task:
        details |= world.some(
            cache_key=(0.4, lambda: world.one("cache-~-a", "cache-~-b")),
            cache_expiration=(0.2, lambda: world.one(*_instants(-60, 3600))),
            refresh_cache=(0.2, lambda: world.one(True, False, None)),
            retriable=(0.3, lambda: world.one(True, False, None)),
        )
    else:
        details |= world.some(retriable=(0.05, lambda: False))
    return details


def _pause(world: World) -> dict[str, Any]:
    return world.some(
        pause_timeout=(0.7, lambda: world.one(None, *_instants(-60, 3600, 3600))),
        pause_reschedule=(0.4, lambda: world.one(True, True, False)),
        pause_key=(0.8, lambda: world.one("a", "b", "c")),
        run_input_keyset=(0.2, lambda: keyset(world.one("paused-a", "suspended-b"))),
    )


def keyset(start: str) -> dict[str, str]:
    """The keys under which a pause's input is kept."""
    return {name: f"{start}-{name}" for name in ("description", "response", "schema")}


def _instants(*seconds: int) -> tuple[dict[str, int], ...]:
    return tuple({"$in": each} for each in seconds)
