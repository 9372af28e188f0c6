"""What is true after one more decision, for each kind of change."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec import structs

from events.changes import (
    Change,
    FlowRegistered,
    FlowRunAmended,
    FlowRunCreated,
    FlowRunDeleted,
    InputsDeleted,
    LogsWritten,
    PolicyAmended,
    StateEntered,
    StateRecorded,
    TaskRunAmended,
    TaskRunCreated,
    TaskRunDeleted,
    TaskRunEnqueued,
    TaskStateCached,
)
from events.decisions import Decision, Outcome, Recorded
from events.entities import (
    CACHED_MAX,
    DECIDED_MAX,
    NOTHING_BOOKED,
    STATE_TIMES_MAX,
    Alias,
    Bookkeeping,
    CachedState,
    Entity,
    Flow,
    FlowRun,
    FlowRunProgress,
    TaskCache,
    TaskRun,
    TaskRunProgress,
    flow_key,
    flow_name_key,
    flow_run_key,
    task_cache_key,
    task_place_key,
    task_run_key,
)
from events.evolve import amended_policy, evolve, learn
from events.identity import cache_id_of
from events.instants import micros_of
from events.policies import FlowRunPolicy, PolicyAmendment
from events.states import State, StateType
from tests.support.examples import FLOW, FLOW_RUN_ATTRIBUTES, NOON, RUN, TASK_RUN_ATTRIBUTES

RUN_KEY = flow_run_key(RUN)
TASK_KEY = task_run_key(TASK_RUN_ATTRIBUTES.id)
FLOW_RUN = FlowRun(FLOW_RUN_ATTRIBUTES, FlowRunProgress())
TASK_RUN = TaskRun(TASK_RUN_ATTRIBUTES, TaskRunProgress())
RUNNING = State(id=UUID(int=1), type=StateType.RUNNING, name="Running", timestamp=NOON)
BOOKED = Bookkeeping(run_count=1, start_time=NOON)


def recorded(
    subject: str, *changes: Change, version: int = 1, position: int = 7, proposal_id: str = "p"
) -> Recorded:
    decision = Decision(
        proposal_id=proposal_id,
        kind="k",
        subject=subject,
        version=version,
        at=NOON,
        changes=changes,
    )
    return Recorded(partition=0, position=position, time_ms=5, decision=decision)


def flow_run_after(run: FlowRun, *changes: Change) -> FlowRun:
    after = evolve({RUN_KEY: run}, recorded(RUN_KEY, *changes))[RUN_KEY]
    assert isinstance(after, FlowRun)
    return after


def task_run_after(run: TaskRun, *changes: Change) -> TaskRun:
    after = evolve({TASK_KEY: run}, recorded(TASK_KEY, *changes))[TASK_KEY]
    assert isinstance(after, TaskRun)
    return after


def test_a_registered_flow_is_known_by_id_and_by_name() -> None:
    flow = Flow(id=FLOW, name="etl", created=NOON, updated=NOON)

    assert evolve({}, recorded(flow_key(FLOW), FlowRegistered(flow=flow))) == {
        flow_key(FLOW): structs.replace(flow, version=1),
        flow_name_key("etl"): Alias(id=FLOW),
    }


def test_a_created_flow_run_has_its_policy_and_remembers_the_proposal() -> None:
    policy = FlowRunPolicy(retries=2)
    created = FlowRunCreated(attributes=FLOW_RUN_ATTRIBUTES, policy=policy)

    assert evolve({}, recorded(RUN_KEY, created)) == {
        RUN_KEY: FlowRun(
            FLOW_RUN_ATTRIBUTES,
            FlowRunProgress(version=1, updated=NOON, policy=policy, decided={"p": "5-7"}),
        )
    }


def test_a_created_task_run_is_known_by_id_and_by_its_place() -> None:
    place = task_place_key(RUN, "load", "0")
    changed = evolve({}, recorded(TASK_KEY, TaskRunCreated(attributes=TASK_RUN_ATTRIBUTES)))

    assert set(changed) == {TASK_KEY, place}
    assert changed[place] == Alias(id=TASK_RUN_ATTRIBUTES.id)


def test_a_task_run_without_a_flow_run_has_no_place_of_its_own() -> None:
    alone = structs.replace(TASK_RUN_ATTRIBUTES, flow_run_id=None)

    assert set(evolve({}, recorded(TASK_KEY, TaskRunCreated(attributes=alone)))) == {TASK_KEY}


def test_a_run_enters_a_state_and_its_bookkeeping() -> None:
    flow_run = flow_run_after(FLOW_RUN, StateEntered(state=RUNNING, booked=BOOKED)).progress
    task_run = task_run_after(TASK_RUN, StateEntered(state=RUNNING, booked=BOOKED)).progress

    assert (flow_run.state, flow_run.booked) == (RUNNING, BOOKED)
    assert flow_run.state_times == (micros_of(NOON),)
    assert (task_run.state, task_run.booked) == (RUNNING, BOOKED)


def test_a_flow_run_remembers_only_its_latest_state_times() -> None:
    run = FLOW_RUN
    for number in range(STATE_TIMES_MAX + 5):
        state = RUNNING.copied(NOON + timedelta(microseconds=number))
        run = flow_run_after(run, StateEntered(state=state, booked=NOTHING_BOOKED))

    last = micros_of(NOON) + STATE_TIMES_MAX + 4
    assert run.progress.state_times == tuple(range(last - STATE_TIMES_MAX + 1, last + 1))


def test_a_refusal_is_counted_and_remembered_and_changes_nothing_else() -> None:
    refusal = recorded(RUN_KEY, version=4)
    refusal = structs.replace(
        refusal, decision=structs.replace(refusal.decision, outcome=Outcome.REJECT)
    )
    run = FlowRun(FLOW_RUN_ATTRIBUTES, FlowRunProgress(version=3, state=RUNNING))
    after = evolve({RUN_KEY: run}, refusal)[RUN_KEY]

    assert after == FlowRun(
        FLOW_RUN_ATTRIBUTES,
        FlowRunProgress(version=4, state=RUNNING, updated=NOON, decided={"p": "5-7"}),
    )


def test_the_oldest_proposals_are_forgotten() -> None:
    known: dict[str, Entity] = {TASK_KEY: TASK_RUN}
    for number in range(DECIDED_MAX + 3):
        learn(known, evolve(known, recorded(TASK_KEY, position=number, proposal_id=f"p{number}")))
    run = known[TASK_KEY]
    assert isinstance(run, TaskRun)

    assert list(run.progress.decided.items()) == [
        (f"p{number}", f"5-{number}") for number in range(3, DECIDED_MAX + 3)
    ]


def test_an_amended_policy_keeps_what_is_absent() -> None:
    policy = FlowRunPolicy(retries=2, pause_keys=frozenset({"a"}), resuming=True)
    run = FlowRun(FLOW_RUN_ATTRIBUTES, FlowRunProgress(policy=policy))
    after = flow_run_after(run, PolicyAmended(policy=PolicyAmendment(retry_type="in_process")))

    assert after.progress.policy == structs.replace(policy, retry_type="in_process")
    assert amended_policy(policy, PolicyAmendment()) == policy
    assert amended_policy(
        policy, PolicyAmendment(resuming=False, pause_keys=frozenset())
    ) == structs.replace(policy, resuming=False, pause_keys=frozenset())


def test_an_amended_flow_run_keeps_what_is_absent() -> None:
    after = flow_run_after(FLOW_RUN, FlowRunAmended(name="new", tags=["x"]))

    assert after.attributes == structs.replace(FLOW_RUN_ATTRIBUTES, name="new", tags=["x"])
    assert after.progress.policy == FlowRunPolicy()


def test_a_flow_run_whose_policy_is_replaced_keeps_its_attributes() -> None:
    after = flow_run_after(FLOW_RUN, FlowRunAmended(policy=FlowRunPolicy(retries=9)))

    assert after.attributes is FLOW_RUN_ATTRIBUTES
    assert after.progress.policy == FlowRunPolicy(retries=9)


def test_an_amended_task_run_has_new_attributes_and_may_have_a_new_count() -> None:
    named = structs.replace(TASK_RUN_ATTRIBUTES, name="new")
    without = task_run_after(TASK_RUN, TaskRunAmended(attributes=named))
    counted = task_run_after(TASK_RUN, TaskRunAmended(attributes=named, flow_run_run_count=4))

    assert (without.attributes, without.progress.flow_run_run_count) == (named, 0)
    assert (counted.attributes, counted.progress.flow_run_run_count) == (named, 4)


@pytest.mark.parametrize(
    "change", [StateRecorded(state=RUNNING), InputsDeleted(keys=["k"]), LogsWritten(lines=[])]
)
def test_what_is_only_told_changes_nothing(change: Change) -> None:
    assert flow_run_after(FLOW_RUN, change) == flow_run_after(FLOW_RUN)


def test_a_decision_about_nothing_known_changes_nothing() -> None:
    assert evolve({}, recorded("logs", LogsWritten(lines=[]), version=0)) == {}
    assert evolve({RUN_KEY: FLOW_RUN}, recorded(RUN_KEY, version=0)) == {}


def test_an_alias_has_no_version_to_count() -> None:
    key = flow_name_key("etl")

    assert evolve({key: Alias(id=FLOW)}, recorded(key)) == {key: Alias(id=FLOW)}


@pytest.mark.parametrize(
    ("change", "entity", "said"),
    [
        (
            StateEntered(state=RUNNING, booked=BOOKED),
            None,
            "a StateEntered cannot follow NoneType",
        ),
        (
            PolicyAmended(policy=PolicyAmendment()),
            TASK_RUN,
            "a PolicyAmended cannot follow TaskRun",
        ),
        (FlowRunAmended(), TASK_RUN, "a FlowRunAmended cannot follow TaskRun"),
        (
            TaskStateCached(key="k", cached=CachedState(state=RUNNING)),
            FLOW_RUN,
            "a TaskStateCached cannot follow FlowRun",
        ),
        (
            TaskRunAmended(attributes=TASK_RUN_ATTRIBUTES),
            FLOW_RUN,
            "a TaskRunAmended cannot follow FlowRun",
        ),
    ],
)
def test_a_history_that_makes_no_sense_is_not_folded(
    change: Change, entity: Entity | None, said: str
) -> None:
    known = {} if entity is None else {"key": entity}

    with pytest.raises(ValueError, match=f"^{said}$"):
        evolve(known, recorded("key", change))


def test_what_is_deleted_is_gone_with_what_led_to_it() -> None:
    place = task_place_key(RUN, "load", "0")
    known: dict[str, Entity] = {
        RUN_KEY: FLOW_RUN,
        TASK_KEY: TASK_RUN,
        place: Alias(id=TASK_RUN_ATTRIBUTES.id),
        "another": Alias(id=RUN),
    }
    gone = TaskRunDeleted(id=TASK_RUN_ATTRIBUTES.id, place=place)
    changed = evolve(known, recorded(RUN_KEY, gone, FlowRunDeleted(id=RUN)))

    assert changed == {RUN_KEY: None, TASK_KEY: None, place: None}
    learn(known, changed)
    assert known == {"another": Alias(id=RUN)}


def test_a_task_run_can_be_deleted_alone() -> None:
    gone = TaskRunDeleted(id=TASK_RUN_ATTRIBUTES.id)

    assert evolve({TASK_KEY: TASK_RUN}, recorded(TASK_KEY, gone)) == {TASK_KEY: None}


def test_being_enqueued_changes_nothing_of_a_run() -> None:
    queued = TaskRunEnqueued(task_key="load", queue="scheduled")

    assert task_run_after(TASK_RUN, queued).progress.state is None


def _cached(*expirations: int | None) -> list[int | None]:
    """The hours after noon at which what is kept expires, when these were cached in turn."""
    key = task_cache_key(cache_id_of("k"))
    known: dict[str, Entity] = {}
    for number, hours in enumerate(expirations):
        expiration = None if hours is None else NOON + timedelta(hours=hours)
        change = TaskStateCached(key="k", cached=CachedState(state=RUNNING, expiration=expiration))
        learn(known, evolve(known, recorded(key, change, version=number + 1)))
    cache = known[key]
    assert isinstance(cache, TaskCache)
    assert (cache.key, cache.version, cache.decided) == ("k", len(expirations), {"p": "5-7"})
    return [
        None if each.expiration is None else (each.expiration - NOON) // timedelta(hours=1)
        for each in cache.cached
    ]


def test_what_expires_before_a_newer_entry_is_not_kept() -> None:
    """Edge case 48: the newest wins, and an older one wins again when that has expired."""
    assert _cached(1) == [1]
    assert _cached(1, 2) == [2]
    assert _cached(2, 1) == [1, 2]
    assert _cached(1, 1) == [1]
    assert _cached(None, 2, 1) == [1, 2, None]
    assert _cached(3, 1, 2) == [2, 3]
    assert _cached(3, 2, None) == [None]
    assert len(_cached(*range(CACHED_MAX + 3, 0, -1))) == CACHED_MAX
