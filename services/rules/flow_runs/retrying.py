"""A failed run is retried until its retries are spent."""

from datetime import timedelta

from msgspec import structs

from events.entities import FlowRun
from events.policies import PolicyAmendment
from events.states import NO_DETAILS, ProposedState, State, StateType
from events.states.constructors import AwaitingRetry

from ..asking.rule import Question, Rule
from ..asking.verdict import Pass, Reject, Verdict


def retry_failed_runs(
    question: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Turn a failure into a scheduled retry while retries remain; afterwards let it stand."""
    progress = question.run.progress
    retries = progress.policy.retries
    if retries is None or progress.booked.run_count > retries:
        return Pass(policy=PolicyAmendment(retry_type=None))
    lease = initial.state_details.deployment_concurrency_lease_id
    return Reject(
        state=AwaitingRetry(
            question.at + timedelta(seconds=progress.policy.retry_delay or 0),
            message=proposed.message,
            data=proposed.data,
            state_details=structs.replace(NO_DETAILS, deployment_concurrency_lease_id=lease),
        ),
        reason="Retrying",
        policy=PolicyAmendment(resuming=False, pause_keys=frozenset(), retry_type="in_process")
        if question.is_current_api
        else None,
    )


RETRY_FAILED_RUNS = Rule(
    name="RetryFailedFlows",
    leaving=frozenset({StateType.RUNNING}),
    entering=frozenset({StateType.FAILED}),
    before=retry_failed_runs,
)
