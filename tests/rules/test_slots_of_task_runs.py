"""A task run begins with a slot of every limit on its tags, and gives them back when it ends."""

from typing import Any
from uuid import UUID

import pytest

from events.decisions import Decision, Outcome
from events.proposals import (
    AmendLimit,
    CreateLimit,
    DeleteFlowRun,
    DeleteLimit,
    DeleteTaskRun,
    TakeSlots,
)
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import AwaitingRetry, Cancelling, Completed, Pending, Running
from tests.support.case import Case
from tests.support.examples import (
    MINUTE,
    NOON,
    RUN,
    TASK_RUN,
    a_flow_run,
    a_state,
    a_task_run,
    propose_task,
)

DB, GPU = UUID(int=0xD8), UUID(int=0xC9)
TAGS = ["gpu", "db", "db"]


def limit(case: Case, tag: str = "db", most: int = 1, id: UUID = DB, **fields: Any) -> None:
    name = f"tag:{tag}"
    given: dict[str, Any] = {"id": name, "name": name, "limit": most, "limit_id": id, **fields}
    case.control.decided(CreateLimit(**given))


def pending(case: Case, type: StateType = StateType.PENDING, **details: Any) -> None:
    case.given(
        a_flow_run(a_state(StateType.RUNNING)),
        a_task_run(a_state(type, details=StateDetails(**details)), tags=TAGS),
    )


def ask(case: Case, state: ProposedState, **fields: Any) -> Decision:
    decision = case.decided(propose_task(state, id=f"{state.type} {case.position}", **fields))
    for each in decision.follow_ups:
        case.control.decided(each)
    return decision


def used(case: Case, id: UUID = DB) -> int:
    return sum(case.control.leases(id).values())


def test_without_limits_on_its_tags_it_asks_for_nothing(case: Case) -> None:
    pending(case)
    for state in (Running(), Completed()):
        assert ask(case, state).outcome is Outcome.ACCEPT
    assert case.control.decisions == []


def test_it_holds_a_slot_of_every_limit_until_it_ends(case: Case) -> None:
    limit(case)
    limit(case, "gpu", 2, GPU)
    pending(case)
    facts = ask(case, Running()).facts
    assert facts.slots is not None
    assert [each.name for each in facts.slots.limits] == ["tag:db", "tag:gpu"]
    assert (used(case), used(case, GPU)) == (1, 1)
    ask(case, Cancelling())
    assert used(case) == 1
    ask(case, Completed())
    assert (used(case), used(case, GPU)) == (0, 0)


def test_running_again_takes_no_second_slot(case: Case) -> None:
    limit(case)
    pending(case)
    for _ in range(2):
        assert ask(case, Running()).outcome is Outcome.ACCEPT
    assert used(case) == 1


def test_it_waits_while_one_limit_is_full(case: Case) -> None:
    limit(case, active_slots=1)
    limit(case, "gpu", 2, GPU)
    pending(case)
    decision = ask(case, Running())
    assert (decision.outcome, decision.rule) == (Outcome.WAIT, "SecureTaskConcurrencySlots")
    assert decision.reason == "Concurrency limit reached for tags: db, gpu"
    assert decision.delay_seconds is not None
    assert 1 <= decision.delay_seconds <= 3
    assert used(case, GPU) == 0


def test_a_limit_of_none_is_never_granted(case: Case) -> None:
    limit(case, most=0)
    pending(case)
    decision = ask(case, Running())
    assert decision.outcome is Outcome.ABORT
    assert decision.reason == (
        'The concurrency limit on tag "db" is 0 and will deadlock if the task tries to run again.'
    )


def test_an_inactive_limit_limits_nothing(case: Case) -> None:
    limit(case, most=0, active=False)
    pending(case)
    assert ask(case, Running()).outcome is Outcome.ACCEPT


@pytest.mark.parametrize("was_there", [True, False])
def test_a_lease_of_nothing_that_limits_now_is_no_slot(case: Case, was_there: bool) -> None:
    """The limit was deleted and made anew, or was off, while the task run was running."""
    limit(case, active=was_there)
    pending(case)
    assert ask(case, Running()).outcome is Outcome.ACCEPT
    if was_there:
        case.control.decided(DeleteLimit(id="delete", limit_id=DB))
    ask(case, AwaitingRetry(NOON), force=True)
    id = GPU if was_there else DB
    if was_there:
        limit(case, id=id, tag="db")
    else:
        case.control.decided(AmendLimit(id="on", limit_id=id, active=True))
    case.control.decided(TakeSlots(id="other", names=["tag:db"], lease_id=RUN))
    assert case.control.leases(id) == {RUN: 1}
    assert ask(case, Running()).outcome is Outcome.WAIT


def test_what_was_not_needed_is_given_back(case: Case) -> None:
    limit(case)
    pending(case, scheduled_time=NOON + MINUTE)
    assert ask(case, Running()).outcome is Outcome.WAIT
    assert used(case) == 0


@pytest.mark.parametrize("is_forced", [True, False])
def test_going_back_gives_the_slots_back(case: Case, is_forced: bool) -> None:
    limit(case)
    pending(case)
    ask(case, Running())
    ask(case, Pending(), force=is_forced)
    assert used(case) == 0


def test_force_takes_no_slot(case: Case) -> None:
    limit(case)
    pending(case)
    ask(case, Running(), force=True)
    assert used(case) == 0


@pytest.mark.parametrize("with_its_flow_run", [True, False])
def test_a_deleted_run_gives_its_slots_back(case: Case, with_its_flow_run: bool) -> None:
    limit(case)
    pending(case)
    ask(case, Running())
    delete = (
        DeleteFlowRun(id="delete", flow_run_id=RUN, task_run_ids=[TASK_RUN])
        if with_its_flow_run
        else DeleteTaskRun(id="delete", task_run_id=TASK_RUN, flow_run_id=RUN)
    )
    for each in case.decided(delete).follow_ups:
        case.control.decided(each)
    assert used(case) == 0


def test_a_deleted_run_that_does_not_run_holds_none(case: Case) -> None:
    pending(case)
    deleted = case.decided(DeleteTaskRun(id="delete", task_run_id=TASK_RUN, flow_run_id=RUN))
    assert deleted.follow_ups == ()
