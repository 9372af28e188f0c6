"""The edge cases that an implementer is likely to get wrong, each with the tests that hold it.

Numbers are those of the specification of orchestration. A test that goes, or is renamed, is missed
here.
"""

import ast
import re
from functools import cache

import pytest

from events.decisions import Outcome
from events.states import ProposedState, StateType
from events.states.constructors import Cancelled, Cancelling, Pending, Running, Scheduled
from tests.support.case import Case
from tests.support.examples import NOON, a_flow_run, a_state, propose
from tests.support.sources import ROOT

INDEX = """
1 rules/test_retrying test_a_failure_with_retries_left_becomes_a_retry
2 services/gateway/test_set_state test_an_accepted_state_is_created
2 services/gateway/test_set_state test_a_rejected_state_may_be_replaced_by_another
2 services/gateway/test_set_state test_a_rejected_state_may_change_nothing
3 services/gateway/test_set_state test_a_state_too_early_waits
3 services/gateway/test_set_state test_an_aborted_state_leaves_the_run_where_it_is
3 services/gateway/test_resume test_what_is_not_paused_is_not_resumed
4 rules/test_order test_a_rule_that_replaces_a_state_ends_the_asking
4 rules/test_background_tasks test_a_failure_that_is_retried_is_not_queued_by_that
5 rules/test_orchestrate test_a_refusal_ends_the_asking
5 rules/test_terminal test_a_refused_start_leaves_the_policy_as_it_was
5 rules/test_task_beginning test_a_task_run_that_may_not_begin_keeps_its_attempts
6 rules/test_orchestrate test_a_rule_that_refuses_is_told_if_it_speaks_about_no_state
6 rules/test_resuming test_a_paused_run_that_is_refused_still_counts_as_resuming
7 rules/test_slots_of_flow_runs test_a_refused_claim_gives_its_slot_back
7 rules/test_slots_of_flow_runs test_a_paused_run_leaves_its_pause_for_a_limit_that_is_full
8 rules/test_orchestrate test_amendments_outlive_a_refusal
9 rules/test_bookkeeping test_running_again_is_another_attempt_and_all_of_it_is_run_time
9 rules/test_task_matrix test_the_task_matrix_holds
10 rules/test_resuming test_a_blocking_pause_counts_the_first_time_it_is_resumed
10 rules/test_resuming test_a_suspension_goes_on_as_the_same_attempt
11 rules/test_resuming test_ending_after_a_pause_leaves_the_mark_of_resuming
12 rules/test_resuming test_past_its_deadline_a_pause_fails_whatever_is_proposed
12 rules/test_cancelling test_a_paused_run_is_asked_even_past_its_deadline
13 rules/test_resuming test_past_its_deadline_a_pause_fails_whatever_is_proposed
13 rules/test_timers test_a_pause_that_nobody_ended_fails_the_run_and_says_paused
14 rules/test_resuming test_force_resumes_past_the_deadline
15 rules/test_pausing test_a_pause_fires_once
15 rules/test_retrying test_a_failure_with_retries_left_becomes_a_retry
15 rules/test_terminal test_a_new_start_forgets_pauses_and_keeps_the_promised_retries
15 rules/test_resuming test_a_blocking_pause_that_is_scheduled_anew_starts_over
16 rules/test_pausing test_pausing_forgets_the_inputs_of_an_earlier_pause_of_its_name
16 rules/test_inputs test_a_pause_that_fires_forgets_the_inputs_of_its_keyset_and_no_others
17 rules/test_pausing test_a_pause_without_a_key_gets_one_of_its_own
18 rules/test_edge_cases test_cancelling_twice_is_refused
18 rules/test_cancelling test_force_takes_a_run_out_of_cancelling
19 rules/test_edge_cases test_a_cancelled_run_is_not_claimed_and_may_start
20 rules/test_cancelling test_a_scheduled_run_without_process_is_cancelled_at_once
21 rules/test_cancelling test_a_resuming_run_is_cancelled_at_once_whatever_its_process
22 rules/test_terminal test_a_stored_result_is_not_replaced_by_none
22 rules/test_terminal test_a_run_with_a_stored_result_may_be_said_to_have_ended_otherwise
22 rules/test_matrix test_the_transition_matrix_holds
22 rules/test_task_beginning test_a_task_run_with_a_result_keeps_it
23 rules/test_terminal test_what_is_no_mapping_or_marked_is_no_result
23 rules/test_task_beginning test_a_task_run_without_one_may_run_again
24 rules/test_terminal test_a_result_marked_unpersisted_is_not_kept
24 services/gateway/test_set_state test_unpersisted_data_is_echoed_and_not_stored
25 rules/test_matrix test_the_transition_matrix_holds
25 rules/test_bookkeeping test_one_end_after_another_changes_no_time
26 rules/test_terminal test_a_new_start_forgets_pauses_and_keeps_the_promised_retries
26 rules/test_task_beginning test_leaving_an_end_resets_the_attempts
26 rules/test_task_beginning test_an_ended_task_run_starts_from_its_first_attempt
27 rules/test_terminal test_without_a_deployment_an_ended_run_is_not_rescheduled
27 rules/test_terminal test_without_a_deployment_a_run_that_goes_on_may_be_rescheduled
28 rules/test_retrying test_a_retry_waits_for_its_delay
28 services/gateway/test_work_pools test_a_run_that_its_own_process_retries_is_not_handed_out
29 rules/test_retrying test_the_last_failure_stands_and_the_run_may_be_dispatched_again
30 rules/test_retrying test_n_retries_are_n_and_one_attempts
30 rules/test_retrying test_a_manual_restart_gets_no_retries_once_they_are_spent
30 rules/test_task_retrying test_without_retries_left_it_stays_failed
31 rules/test_task_retrying test_each_attempt_has_its_delay
32 rules/test_task_retrying test_no_delay_has_no_jitter
33 rules/test_scheduling test_a_run_waits_for_its_time_to_the_nearest_second
33 rules/test_task_beginning test_a_scheduled_task_run_waits_also_when_it_is_pending
34 rules/test_scheduling test_being_claimed_does_not_evade_waiting
34 rules/test_scheduling test_a_claim_may_bring_its_own_time
35 rules/test_late test_a_scheduled_run_becomes_late_and_stays_due_when_it_was
35 rules/test_late test_a_late_run_is_not_late_again
35 rules/test_timers test_a_scheduled_run_becomes_late_and_its_times_stay
35 services/timers/test_setting test_scheduled_states_of_other_names_are_never_late
35 rules/test_bookkeeping test_a_run_is_expected_when_it_was_expected_first
36 rules/test_pending test_a_claimed_run_shows_how_its_infrastructure_comes_along
36 rules/test_pending test_nobody_else_claims_a_pending_run
37 rules/test_leases test_a_state_without_lease_takes_over_the_current_one
38 rules/test_leases test_a_state_without_lease_takes_over_the_current_one
39 rules/test_slots_of_flow_runs test_a_claim_by_force_takes_no_slot
39 rules/test_slots_of_flow_runs test_a_run_that_took_no_slot_gives_none
40 rules/test_slots_of_flow_runs test_leaving_gives_the_slot_back
40 rules/test_slots_of_flow_runs test_a_resumed_run_goes_on_without_a_slot
41 rules/test_slots_of_flow_runs test_an_inactive_limit_lets_every_run_through_and_finish
41 rules/test_slots_of_flow_runs test_a_limit_of_none_is_never_granted
42 services/timers/test_setting test_scheduled_states_of_other_names_are_never_late
42 rules/test_deleting test_a_run_that_waits_no_more_or_for_something_else_stays
42 rules/test_slots_of_flow_runs test_a_run_without_a_slot_waits
43 rules/test_slots_of_flow_runs test_a_lost_lease_is_taken_anew_when_there_is_room
43 rules/test_slots_of_flow_runs test_a_lost_lease_cancels_the_run_when_there_is_none
43 rules/test_slots_of_flow_runs test_a_client_that_cannot_renew_keeps_its_slot_until_the_end
44 rules/test_slots test_when_one_limit_is_full_none_is_taken
44 rules/test_slots test_names_that_no_limit_has_limit_nothing
44 services/gateway/test_limits test_names_that_no_limit_has_limit_nothing
45 rules/test_slots test_a_lease_that_is_gone_is_not_renewed
45 services/gateway/test_limits test_a_lease_is_renewed_and_given_back_once
46 rules/test_slots test_a_denial_is_no_write_that_restarts_the_decay
46 rules/test_slot_counting test_whole_slots_decay
47 rules/test_background_tasks test_one_is_claimed_once
47 rules/test_background_tasks test_a_forced_one_waits_for_its_time_and_is_cached
48 rules/test_task_caching test_a_cached_state_is_taken_over
48 rules/test_task_caching test_what_has_expired_is_not_taken_over
48 rules/test_task_caching test_other_states_are_not_cached
48 rules/test_task_caching test_the_newest_that_lasts_wins
49 rules/test_task_caching test_a_run_that_asks_for_nothing_cached_runs
49 rules/test_task_caching test_a_completed_state_is_cached_under_its_key
50 rules/test_task_beginning test_a_task_of_a_paused_flow_run_waits_with_it
51 rules/test_task_beginning test_no_task_begins_in_a_flow_run_that_does_not_run
51 rules/test_recording test_no_rule_refuses_what_happened
52 rules/test_subflows test_a_state_of_a_subflow_is_proposed_to_its_task_run
52 rules/test_subflows test_the_task_run_keeps_its_own_books_of_the_copied_states
52 rules/test_pausing test_a_subflow_pauses_in_its_process
52 rules/test_pausing test_a_subflow_does_not_leave_its_process
53 rules/test_bookkeeping test_states_of_a_run_never_share_a_timestamp
54 rules/test_creation test_a_run_is_created_once
54 rules/test_creation test_an_idempotency_key_makes_one_id_for_each_flow
55 rules/test_duplicates test_only_the_current_state_is_looked_at
55 rules/test_duplicates test_a_task_run_may_make_the_same_transition_again
56 services/gateway/test_bulk test_what_no_rule_can_answer_is_an_abort_of_that_run_alone
57 rules/test_recording test_in_any_order_the_newest_state_is_where_the_run_is
57 rules/test_recording test_the_same_state_again_changes_nothing
57 rules/test_recording test_a_newer_state_moves_the_run_and_keeps_what_it_does_not_tell
57 rules/test_recording test_a_state_without_flow_run_detaches_the_run
58 rules/test_recording test_no_rule_refuses_what_happened
59 services/timers/test_planning test_three_runs_are_planned_and_another_when_the_first_has_begun
60 headgate/test_cascades test_all_children_of_a_cancelled_run_end_with_it
60 services/timers/test_cascades test_what_ended_more_than_a_day_ago_is_past
60 services/timers/test_cascades test_a_child_that_is_being_cancelled_where_it_runs_is_left_alone
61 rules/test_timers test_another_state_of_the_same_kind_is_left_alone
61 rules/test_timers test_cancelling_that_takes_too_long_ends_as_cancelled
62 projections/test_history test_it_is_what_the_runs_would_say
62 projections/test_reads test_lateness_is_the_average_of_all_runs_that_match
63 projections/test_history test_a_reversed_range_has_no_buckets
63 projections/test_history test_empty_buckets_are_there_and_no_more_than_five_hundred
63 projections/test_history test_runs_do_not_count_before_they_are_expected_or_outside
64 services/gateway/test_deployment_limits test_the_number_is_shown_as_a_limit
65 services/gateway/test_resume test_an_answer_that_does_not_fit_leaves_the_run_paused
66 rules/test_resuming_on_request test_the_answer_is_stored_with_the_state_that_follows
66 rules/test_resuming_on_request test_an_answer_may_be_nothing_or_come_to_nothing
66 integration/test_scenario_b test_a_suspended_flow_is_executed_again_and_knows_the_answer
67 rules/test_pausing test_a_pause_fires_once
67 rules/test_resuming test_a_suspension_goes_on_as_the_same_attempt
67 integration/test_scenario_d test_a_suspended_run_is_executed_again_when_another_process_answers
67 integration/test_scenario_b test_a_suspended_flow_is_executed_again_and_knows_the_answer
68 rules/test_amending test_a_policy_is_replaced_wholesale
"""

LINES = [line.split(" ", 1) for line in INDEX.strip().splitlines()]
HELD = [(int(number), *where.split(" ")) for number, where in LINES]


@cache
def named_in(module: str) -> frozenset[str]:
    """The names of the tests in a module of the tests."""
    tree = ast.parse((ROOT / "tests" / f"{module}.py").read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def test_every_edge_case_is_in_the_index() -> None:
    numbers = [int(number) for number, _ in LINES]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, 69))


def test_every_test_that_the_index_names_is_there() -> None:
    assert [each for each in HELD if each[2] not in named_in(each[1])] == []


def test_a_test_that_is_not_there_is_missed() -> None:
    assert "test_a_pause_fires_once" in named_in("rules/test_pausing")
    assert "test_a_pause_fires_twice" not in named_in("rules/test_pausing")


def test_what_says_that_it_holds_an_edge_case_names_one_that_there_is() -> None:
    said = re.compile(r"[Ee]dge cases? (\d+)(?:(?:, | and )(\d+))*")
    numbers = {
        int(number)
        for path in (ROOT / "tests").rglob("test_*.py")
        for found in said.finditer(path.read_text())
        for number in found.groups()
        if number is not None
    }
    assert numbers <= set(range(1, 69))
    assert len(numbers) > 40


def test_cancelling_twice_is_refused(case: Case) -> None:
    """Edge case 18: it is no repeat that is accepted, and only Cancelled follows."""
    case.given(a_flow_run(a_state(StateType.CANCELLING)))
    decision = case.decided(propose(Cancelling()))
    assert (decision.outcome, decision.changes) == (Outcome.REJECT, ())
    case.accepts(propose(Cancelled(), id="ended"))


@pytest.mark.parametrize("proposed", [Running(), Scheduled(NOON)])
def test_a_cancelled_run_is_not_claimed_and_may_start(case: Case, proposed: ProposedState) -> None:
    """Edge case 19."""
    case.given(a_flow_run(a_state(StateType.CANCELLED)))
    assert case.decided(propose(Pending())).outcome is Outcome.ABORT
    case.accepts(propose(proposed, id="start"))
