"""A failed task run is retried until its retries are spent, and its next attempt is called so."""

from datetime import timedelta

from events.entities import TaskRun
from events.identity import fraction_of
from events.states import FINAL, ProposedState, State, StateType
from events.states.constructors import AwaitingRetry

from ..asking.rule import TYPES, Question, Rule
from ..asking.verdict import PASS, Reject, Rename, Verdict
from ..jitter import jittered


def retry_failed_task_runs(
    question: Question[TaskRun], _: State, proposed: ProposedState
) -> Verdict:
    """Turn a failure into a scheduled retry while retries remain, unless it says it is in vain."""
    retries = question.run.attributes.empirical_policy.retries
    if retries is None or question.run.progress.booked.run_count > retries:
        return PASS
    if proposed.state_details.retriable is False:
        return PASS
    return Reject(
        state=AwaitingRetry(
            question.at + timedelta(seconds=delay_of(question)),
            message=proposed.message,
            data=proposed.data,
        ),
        reason="Retrying",
    )


def delay_of(question: Question[TaskRun]) -> float:
    """Seconds until the next attempt; the last of several delays is for all later attempts."""
    policy, attempt = (
        question.run.attributes.empirical_policy,
        question.run.progress.booked.run_count,
    )
    delay = policy.retry_delay or 0
    if isinstance(delay, list):
        # before the first attempt, -1 means the last delay, as it does in the reference
        delay = delay[max(min(attempt - 1, len(delay) - 1), -len(delay))]
    if not policy.retry_jitter_factor or delay <= 0:
        return delay
    fraction = fraction_of(question.subject, question.proposal_id, "retry")
    return jittered(delay, policy.retry_jitter_factor, fraction)


def call_reruns_so(question: Question[TaskRun], initial: State, _: ProposedState) -> Verdict:
    """Name an attempt after the first; one that follows the end of a run is its first again."""
    if question.run.progress.booked.run_count <= 0 or initial.type in FINAL:
        return PASS
    return Rename("Retrying" if initial.name == "AwaitingRetry" else "Rerunning")


RETRY_FAILED_TASK_RUNS = Rule(
    name="RetryFailedTasks",
    leaving=frozenset({StateType.RUNNING}),
    entering=frozenset({StateType.FAILED}),
    before=retry_failed_task_runs,
)

CALL_RERUNS_SO = Rule(
    name="RenameReruns",
    leaving=TYPES,
    entering=frozenset({StateType.RUNNING}),
    before=call_reruns_so,
)
