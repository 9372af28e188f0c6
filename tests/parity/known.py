"""Differences that are meant, by the names that docs/reference/differences.md has for them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from tests.parity.comparing import Difference
from tests.parity.script import Observation, Step

OK, CREATED, NO_CONTENT = 200, 201, 204
MISSING, CONFLICT, GONE, INVALID, BROKEN = 404, 409, 410, 422, 500

MADE_ALREADY = "This run has already made this state transition."
OF_TASKS = ("/task_runs", "/task_run_states")
STUCK = "Failed to release concurrency slots for lease id"
HOLDING = {"PENDING", "RUNNING", "CANCELLING"}


class Case(NamedTuple):
    """A difference, and what was played and seen until then."""

    difference: Difference
    steps: Sequence[Step]
    reference: Sequence[Observation]
    headgate: Sequence[Observation]

    @property
    def step(self) -> Step:
        """The step that shows it."""
        return self.steps[-1]

    @property
    def statuses(self) -> tuple[int, int]:
        """How it was answered on both sides."""
        theirs, ours = self.reference[-1].answer, self.headgate[-1].answer
        return theirs.status if theirs else 0, ours.status if ours else 0

    def theirs(self, *path: str) -> Any:
        """What is at a place of the reference's answer; none where there is no such place."""
        return _at(self.reference[-1], path)

    def ours(self, *path: str) -> Any:
        """What is at a place of Headgate's answer; none where there is no such place."""
        return _at(self.headgate[-1], path)

    def before(self, *ends: str) -> Iterator[tuple[Step, Observation]]:
        """Steps before it whose path ends so, and what the reference answered."""
        for step, seen in zip(self.steps[:-1], self.reference, strict=False):
            if step.path.endswith(ends):
                yield step, seen

    @property
    def fewer_taken(self) -> int:
        """How many slots less are taken at the reference, where that is the difference."""
        theirs, ours = self.difference.reference, self.difference.headgate
        is_count = self.difference.place.endswith(" .active_slots")
        both = isinstance(theirs, int) and isinstance(ours, int)
        return ours - theirs if is_count and both else 0

    def read(self) -> tuple[Any, Any]:
        """What both sides say of what was read where the difference is; none for the answer."""
        for theirs, ours in zip(self.reference[-1].reads, self.headgate[-1].reads, strict=False):
            if self.difference.place.startswith(f"then {theirs.asked} "):
                return theirs.body, ours.body
        return None, None


class Known(NamedTuple):
    """A difference that is meant: its name, and how it is recognised."""

    name: str
    is_this: Callable[[Case], bool]


def _at(observation: Observation, path: Sequence[str]) -> Any:
    found: Any = observation.answer and observation.answer.body
    for name in path:
        try:
            found = found[name]
        except (KeyError, TypeError, IndexError):
            return None
    return found


def _proposed(step: Step) -> dict[str, Any]:
    """The state that a step proposes; nothing when it proposes none."""
    try:
        return step.body["state"] or {}
    except (KeyError, TypeError):
        return {}


def _sent_again(case: Case) -> bool:
    if case.step.kind == "bulk_set_state":
        return case.difference.reference == MADE_ALREADY
    if not case.step.path.endswith("/set_state"):
        return False
    reason = case.theirs("details", "reason")
    return (reason == MADE_ALREADY and case.ours("details", "reason") != reason) or any(
        step.path == case.step.path and step.body == case.step.body and _names_itself(step)
        for step, _ in case.before("/set_state")
    )


def _names_itself(step: Step) -> bool:
    """Whether the request says by which transition it may be known again."""
    details: dict[str, Any] = _proposed(step).get("state_details") or {}
    return details.get("transition_id") is not None


def _no_pause_keys(case: Case) -> bool:
    if case.step.kind == "bulk_set_state":
        return case.difference.reference == "'NoneType' object has no attribute 'add'"
    return case.statuses[0] == BROKEN and case.ours("state", "type") == "PAUSED"


def _key_of_a_deleted(case: Case) -> bool:
    is_another = case.step.binds is not None and case.difference.reference == case.step.binds
    return is_another and case.difference.place == "id" and "idempotency_key" in case.step.body


def _natural_key_of_a_deleted(case: Case) -> bool:
    made_again = case.step.kind == "create_task_run" and case.difference.place == "id"
    return made_again and any(
        step.kind in ("delete_task_run", "delete_flow_run", "bulk_delete")
        for step in case.steps[:-1]
    )


def _one_of_many(case: Case) -> bool:
    is_detail = ".state.state_details." in case.difference.place
    return case.step.kind == "bulk_set_state" and is_detail


def _retried_by_old_clients(case: Case) -> bool:
    """Task runs, after a flow run of a client of Prefect 2 was retried."""
    is_of_tasks = case.step.path.startswith(OF_TASKS) or "/task_run" in case.difference.place
    return is_of_tasks and any(
        step.path.startswith("/flow_runs/")
        and step.headers.get("X-PREFECT-API-VERSION") == "0.8.2"
        and _at(seen, ("status",)) == "REJECT"
        and _at(seen, ("state", "name")) == "AwaitingRetry"
        for step, seen in case.before("/set_state")
    )


def _of_a_deleted_task_run(case: Case) -> bool:
    is_found = case.ours("state", "name") == "Cached"
    is_another = case.theirs("state", "name") != "Cached" or "state.data" in case.difference.place
    return (is_found and is_another) and any(
        step.kind in ("delete_task_run", "delete_flow_run", "bulk_delete")
        for step in case.steps[:-1]
    )


def _parent_deleted(case: Case) -> bool:
    """A subflow without its task run: it may be in a list of those that never had one."""
    is_narrowed = "parent_task_run_id" in str(case.step.body) and "flow_runs" in case.step.path
    is_named = "task_run_id" in (_proposed(case.step).get("state_details") or {})
    is_its_name = case.difference.place.endswith("task_run_id") and (
        case.difference.reference is None or is_named
    )
    kinds = [step.kind for step in case.steps]
    return (is_its_name or is_narrowed) and (
        "create_subflow" in kinds
        and not {"delete_task_run", "delete_flow_run", "bulk_delete"}.isdisjoint(kinds)
    )


def _left_without_a_lease(case: Case) -> bool:
    """A slot is free that others hold, since a run has left that held none, or none any more."""
    is_full = case.ours("state", "name") == "AwaitingConcurrencySlot"
    given: set[str | None] = {None}
    for before, after in _moves_of_deployed(case.reference):
        if before["type"] in HOLDING and after["type"] not in HOLDING:
            if _lease(before) in given:
                return case.fewer_taken > 0 or is_full
            given.add(_lease(before))
    return False


def _moves_of_deployed(seen: Sequence[Observation]) -> Iterator[tuple[Any, Any]]:
    """The states that runs of deployments have left, and those that they have entered."""
    states: dict[str, Any] = {}
    for each in (read for one in seen for read in (one.answer, *one.reads) if read):
        is_object = isinstance(each.body, dict)
        run: dict[str, Any] = each.body if is_object else {}
        if run.get("deployment_id") and run.get("state"):
            if before := states.get(run["id"]):
                yield before, run["state"]
            states[run["id"]] = run["state"]


def _lease(state: dict[str, Any]) -> str | None:
    return state["state_details"]["deployment_concurrency_lease_id"]


def _refused_after_its_slot(case: Case) -> bool:
    return (
        case.difference.place == "state.state_details.deployment_concurrency_lease_id"
        and case.difference.reference is None
        and case.theirs("status") == case.ours("status") == "REJECT"
        and case.theirs("state", "type") == "PAUSED"
        and case.step.body["state"]["type"] == "PENDING"
    )


def _taken_anew_for_nothing(case: Case) -> bool:
    return (
        case.fewer_taken < 0
        and case.theirs("status") == case.ours("status") == "WAIT"
        and _proposed(case.step).get("type") == "RUNNING"
        and _lease(case.ours("state")) is not None
    )


def _limit_gone(case: Case) -> bool:
    """The run holds a lease on a limit that its deployment no longer has, or took along."""
    if str(case.difference.reference).startswith(STUCK):  # of many runs, each is told why
        return any(_takes_limit_away(step) for step, _ in case.before(""))
    asked = case.step.path.removesuffix("/set_state")
    run = next((read.body for read in case.reference[-1].reads if read.asked == asked), None)
    is_stuck = case.statuses[0] == BROKEN and case.statuses[1] in (OK, CREATED)
    if not is_stuck or not asked.startswith("/flow_runs/"):
        return False
    if run is None or _lease(run["state"]) is None:
        return False
    deployment = run["deployment_id"]
    return any(
        _takes_limit_away(step)
        and (step.path.endswith(f"/${deployment}") or _at(seen, ("id",)) == deployment)
        for step, seen in case.before("")
    )


def _takes_limit_away(step: Step) -> bool:
    """Whether the deployment of *step* has no limit after it."""
    if step.kind == "patch_deployment":
        return step.body.get("concurrency_limit", 0) is None
    if step.kind == "create_deployment":
        return step.body.get("concurrency_limit") is None
    return step.kind == "delete_deployment"


def _no_schema(case: Case) -> bool:
    reason = str(case.ours("details", "reason"))
    is_broken = case.statuses[0] == BROKEN and case.step.path.endswith("/resume")
    return is_broken and reason.startswith("Invalid schema")


def _resumed_nobody(case: Case) -> bool:
    return case.step.path.endswith("/resume") and case.statuses == (BROKEN, MISSING)


def _key_of_an_input(case: Case) -> bool:
    return case.step.kind == "store_input" and case.statuses == (BROKEN, INVALID)


def _put_off_with_data(case: Case) -> bool:
    state = _proposed(case.step)
    details: dict[str, Any] = state.get("state_details") or {}
    return (
        case.statuses[0] == BROKEN
        and case.step.path.startswith("/task_runs/")
        and state.get("type") == "SCHEDULED"
        and details.get("deferred") is True
        and state.get("data") is not None
    )


def _result_is_no_object(case: Case) -> bool:
    """A state for a task run, or the subflow that it stands for, was stored with such a result."""
    before = (step for step, _ in case.before("/set_state", "/flow_runs/", "/task_runs/"))
    states = [state for state in map(_proposed, before) if state.get("type") == "COMPLETED"]
    results: list[Any] = [state.get("data") for state in states]
    is_moved = case.step.path.startswith("/task_runs/") and case.step.path.endswith("/set_state")
    return (is_moved and case.statuses[0] == BROKEN) and any(
        result is not None and not isinstance(result, dict) for result in results
    )


def _inactive(case: Case) -> bool:
    theirs, _ = case.read()
    return (
        case.step.path.endswith(("/decrement", "/decrement-with-lease"))
        and case.fewer_taken < 0
        and theirs["active"] is False
    )


def _time_of_none(case: Case) -> bool:
    return (
        case.step.path.endswith(("/decrement", "/decrement-with-lease"))
        and case.statuses[0] == CONFLICT
        and not {"occupancy_seconds", "lease_id"}.isdisjoint(case.step.body)
        and any(read.body["limit"] == 0 for read in case.reference[-1].reads if read.status == OK)
    )


def _others_slots(case: Case) -> bool:
    theirs, _ = case.read()
    return (
        case.step.path.endswith("/decrement")
        and case.fewer_taken > 0
        and theirs["slot_decay_per_second"] == 0
        and any(case.before("/increment-with-lease"))
    )


def _count_below_leases(case: Case) -> bool:
    return (
        case.step.kind in ("patch_limit", "create_limit")
        and case.fewer_taken > 0
        and case.difference.reference == case.step.body.get("active_slots")
        and any(case.before("/increment-with-lease"))
    )


def _lease_on_nothing(case: Case) -> bool:
    """The renewed lease was taken on names of which no limit is."""
    return case.statuses == (NO_CONTENT, GONE) and any(
        f"/leases/${step.binds}/renew" in case.step.path and _at(seen, ("limits",)) == []
        for step, seen in case.before("/increment-with-lease")
    )


def _taken_again(case: Case) -> bool:
    theirs, ours = case.read()
    if case.difference.place.endswith(" .active_slots length"):
        return len(set(theirs["active_slots"])) == len(ours["active_slots"])
    is_running = case.theirs("state", "type") == "RUNNING" and case.theirs("status") == "WAIT"
    reason = str(case.theirs("details", "reason"))
    is_full = reason.startswith("Concurrency limit reached for tags: ")
    return is_running and is_full and case.ours("status") == "ACCEPT"


def _reset(case: Case) -> bool:
    reason = str(case.theirs("details", "reason"))
    is_full = reason.startswith("Concurrency limit reached for tags: ")
    return is_full and case.ours("status") != "WAIT" and any(case.before("/reset"))


KNOWN: tuple[Known, ...] = (
    Known("the same request sent again", _sent_again),
    Known("the details of a state that many runs are given", _one_of_many),
    Known("a flow run created with the key of a deleted one", _key_of_a_deleted),
    Known("a task run created with the natural key of a deleted one", _natural_key_of_a_deleted),
    Known("a pause under a policy whose `pause_keys` are null", _no_pause_keys),
    Known(
        "a failing flow run with retries left, asked for by an old client", _retried_by_old_clients
    ),
    Known("a cached state whose task run was deleted", _of_a_deleted_task_run),
    Known("a subflow whose task run was deleted", _parent_deleted),
    Known("a run that leaves its slot and holds no lease", _left_without_a_lease),
    Known("a paused run that is claimed", _refused_after_its_slot),
    Known("a run that takes its lost slot anew and then has to wait", _taken_anew_for_nothing),
    Known("a claimed run whose limit was deleted", _limit_gone),
    Known("resuming with a run input schema that is no schema", _no_schema),
    Known("resuming a flow run that is not there", _resumed_nobody),
    Known("a flow run's input under a key with other characters", _key_of_an_input),
    Known("a background task run whose SCHEDULED state carries data", _put_off_with_data),
    Known("a completed task run whose result is no object", _result_is_no_object),
    Known("a limit that is not active", _inactive),
    Known("the time that slots of a limit of 0 were taken", _time_of_none),
    Known("giving slots back without a lease", _others_slots),
    Known("changing the count of taken slots", _count_below_leases),
    Known("a lease on names that no limit has", _lease_on_nothing),
    Known("a task run that is set to RUNNING while it holds slots of its tags", _taken_again),
    Known("resetting the limit of a tag", _reset),
)


def recognised(
    steps: Sequence[Step],
    difference: Difference,
    reference: Sequence[Observation],
    headgate: Sequence[Observation],
) -> str | None:
    """The name of a difference that is meant; none for one that is not."""
    end = difference.step
    case = Case(difference, steps[:end], reference[:end], headgate[:end])
    return next((known.name for known in KNOWN if known.is_this(case)), None)
