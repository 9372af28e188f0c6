"""A run is claimed once: only a pending run's own progress goes from pending to pending."""

from typing import Any

from msgspec import structs

from events.states import ProposedState, State, StateType

from ..asking.rule import Question, Rule
from ..asking.verdict import Abort, Pass, Verdict


def claim_runs_once(_: Question[Any], initial: State, proposed: ProposedState) -> Verdict:
    """Let a pending run change its name, keeping its time and lease; refuse any other claim."""
    is_renamed = initial.name != proposed.name and proposed.name != "Pending"
    if initial.type is StateType.PENDING and is_renamed:
        kept = initial.state_details
        return Pass(
            details=structs.replace(
                proposed.state_details,
                scheduled_time=kept.scheduled_time,
                deployment_concurrency_lease_id=kept.deployment_concurrency_lease_id,
            )
        )
    return Abort(
        f"This run is in a {initial.type.value} state and cannot transition to a PENDING state."
    )


CLAIM_RUNS_ONCE: Rule[Any] = Rule(
    name="PreventPendingTransitions",
    leaving=frozenset(
        {StateType.PENDING, StateType.CANCELLING, StateType.RUNNING, StateType.CANCELLED}
    ),
    entering=frozenset({StateType.PENDING}),
    before=claim_runs_once,
)
