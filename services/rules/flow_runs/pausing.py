"""A running run pauses at each of its pauses once, and suspends only if it can be started again."""

from events.entities import FlowRun
from events.identity import derived_id
from events.policies import PolicyAmendment
from events.states import ProposedState, State, StateType

from ..asking.rule import ANY, Question, Rule
from ..asking.verdict import PASS, Abort, Aftermath, Reject, Verdict


def verb_of(proposed: ProposedState) -> str:
    """What the proposer calls it."""
    return "suspend" if proposed.name == "Suspended" else "pause"


def pause_only_what_has_a_state(_: Question[FlowRun], __: None, proposed: ProposedState) -> Verdict:
    """Refuse a pause as the first state."""
    return Abort(f"Cannot {verb_of(proposed)} flows with no state.")


def pause_running_runs_once(
    question: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Refuse to pause what does not run, to pause twice, and to suspend for good."""
    verb = verb_of(proposed)
    if initial.type is not StateType.RUNNING:
        return Reject(reason=f"Cannot {verb} flows that are not currently running.")
    run = question.run
    if _key(question, proposed.state_details.pause_key) in (run.progress.policy.pause_keys or ()):
        return Reject(reason=f"This {verb} has already fired.")
    if not proposed.state_details.pause_reschedule:
        return PASS
    if run.attributes.parent_task_run_id is not None:
        return Abort(f"Cannot {verb} subflows.")
    if run.attributes.deployment_id is None:
        return Abort(f"Cannot {verb} flows without a deployment.")
    return PASS


def remember_the_pause(question: Question[FlowRun], _: State, now: State) -> Aftermath:
    """Remember that this pause fired, and forget inputs of an earlier one of the same key."""
    fired = question.run.progress.policy.pause_keys or frozenset[str]()
    key = _key(question, question.proposed.state_details.pause_key)
    return Aftermath(
        policy=PolicyAmendment(pause_keys=fired | {key}),
        inputs_deleted=tuple(sorted(set((now.state_details.run_input_keyset or {}).values()))),
    )


def _key(question: Question[FlowRun], given: str | None) -> str:
    if given is not None:
        return given
    return str(derived_id(question.at, question.subject, question.proposal_id, "pause"))


PAUSE_RUNNING_RUNS_ONCE = Rule(
    name="HandlePausingFlows",
    leaving=ANY,
    entering=frozenset({StateType.PAUSED}),
    before=pause_running_runs_once,
    first=pause_only_what_has_a_state,
    after=remember_the_pause,
)
