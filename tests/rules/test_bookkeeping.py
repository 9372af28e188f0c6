"""Bookkeeping: the counts and times that follow from entering a state, whatever the rules said."""

from datetime import timedelta, timezone

import pytest

from events.entities import Bookkeeping
from events.identity import derived_id
from events.instants import MICROSECOND
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import (
    Cancelled,
    Completed,
    Failed,
    Pending,
    Running,
    Scheduled,
)
from tests.support.case import Case
from tests.support.examples import (
    FLOW,
    HOUR,
    MINUTE,
    NOON,
    PARENT_RUN,
    PARENT_TASK_RUN,
    RUN,
    SECOND,
    TASK_RUN,
    a_flow_run,
    a_state,
    force,
    propose,
)

DUE = NOON - HOUR


def booked(case: Case) -> Bookkeeping:
    return case.flow_run.progress.booked


def test_running_again_is_another_attempt_and_all_of_it_is_run_time(case: Case) -> None:
    """Edge case 9."""
    case.given(a_flow_run())
    for minute in range(4):
        case.accepts(propose(Running(), id=f"{minute}"), at=NOON + minute * MINUTE)
    assert booked(case) == Bookkeeping(
        run_count=4, expected_start_time=NOON, start_time=NOON, total_run_time=180.0
    )


def test_what_ended_without_running_started_when_it_ended(case: Case) -> None:
    """It keeps that fictitious start when it does run."""
    case.given(a_flow_run(a_state(StateType.SCHEDULED), Bookkeeping(expected_start_time=DUE)))
    case.accepts(propose(Cancelled(), id="end"))
    case.accepts(propose(Running(), id="run"), at=NOON + HOUR)
    case.accepts(propose(Completed(), id="again"), at=NOON + 2 * HOUR)
    assert booked(case) == Bookkeeping(
        run_count=1,
        expected_start_time=DUE,
        start_time=NOON,
        end_time=NOON + 2 * HOUR,
        total_run_time=3_600.0,
    )


def test_one_end_after_another_changes_no_time(case: Case) -> None:
    """Edge case 25."""
    case.given(a_flow_run(a_state(StateType.RUNNING), Bookkeeping(expected_start_time=DUE)))
    case.accepts(propose(Completed(), id="end"))
    ended = booked(case)
    case.accepts(propose(Failed(), id="worse"), at=NOON + HOUR)
    assert booked(case) == ended


def test_a_run_is_expected_when_it_was_expected_first(case: Case) -> None:
    """Edge case 35."""
    case.given(a_flow_run())
    case.accepts(propose(Scheduled(NOON + HOUR), id="first"))
    case.accepts(propose(Scheduled(NOON + 3 * HOUR), id="second"))
    assert booked(case) == Bookkeeping(
        expected_start_time=NOON + HOUR, next_scheduled_start_time=NOON + 3 * HOUR
    )
    case.accepts(propose(Pending(), id="claim"))
    assert booked(case) == Bookkeeping(expected_start_time=NOON + HOUR)


def test_states_of_a_run_never_share_a_timestamp(case: Case) -> None:
    """Edge case 53: a tie is broken by microseconds, also with states that are long past."""
    case.given(a_flow_run())
    for number in range(3):
        case.accepts(force(Running(), id=f"at noon {number}"))
        assert case.state.timestamp == NOON + number * MICROSECOND
    case.accepts(force(Running(), id="later"), at=NOON + HOUR)
    case.accepts(force(Running(), id="at noon again"))
    assert case.state.timestamp == NOON + 3 * MICROSECOND


def test_a_bumped_timestamp_is_what_is_booked(case: Case) -> None:
    case.given(a_flow_run())
    case.accepts(propose(Running(), id="run"))
    case.accepts(propose(Completed(), id="end"))
    assert booked(case) == Bookkeeping(
        run_count=1,
        expected_start_time=NOON,
        start_time=NOON,
        end_time=NOON + MICROSECOND,
        total_run_time=1e-06,
    )


def test_a_clock_that_went_backwards_is_booked_as_it_says(case: Case) -> None:
    case.given(a_flow_run())
    case.accepts(propose(Running(), id="run"))
    case.accepts(propose(Completed(), id="end"), at=NOON - SECOND)
    assert booked(case).total_run_time == -1.0


def test_an_instant_of_another_zone_is_kept_in_utc(case: Case) -> None:
    zone = timezone(timedelta(hours=2))
    case.given(a_flow_run())
    case.accepts(propose(Running()), at=NOON.astimezone(zone))
    assert case.state.timestamp.isoformat() == NOON.isoformat()


@pytest.mark.parametrize("type", StateType)
@pytest.mark.parametrize(("given", "kept"), [(None, None), ("", ""), ("Mine", "Mine")])
def test_only_a_missing_name_becomes_the_default(
    case: Case, type: StateType, given: str | None, kept: str | None
) -> None:
    case.given(a_flow_run())
    case.asked(force(ProposedState(type=type, name=given)))
    assert case.state.name == (type.value.capitalize() if kept is None else kept)


def test_the_run_id_of_a_state_is_the_servers_and_the_rest_the_clients(case: Case) -> None:
    case.given(a_flow_run())
    details = StateDetails(flow_run_id=FLOW, task_run_id=TASK_RUN, traceparent="t")
    case.accepts(propose(Running(state_details=details)))
    assert case.state.state_details == StateDetails(
        flow_run_id=RUN, task_run_id=TASK_RUN, traceparent="t"
    )


def test_a_subflows_state_names_the_task_run_that_stands_for_it(case: Case) -> None:
    case.given(a_flow_run(parent_task_run_id=PARENT_TASK_RUN, parent_flow_run_id=PARENT_RUN))
    case.asked(propose(Running(state_details=StateDetails(task_run_id=TASK_RUN))))
    assert case.state.state_details.task_run_id == PARENT_TASK_RUN


def test_the_id_of_a_state_follows_from_run_proposal_and_time(case: Case) -> None:
    case.given(a_flow_run())
    case.accepts(propose(Running()))
    assert case.state.id == derived_id(NOON, f"flow_run:{RUN}", "a proposal", "state")
