"""A transition that was made is not made twice: its id is in the state that it led to."""

from events.entities import FlowRun
from events.states import ProposedState, State

from ..asking.rule import ANY, TYPES, Question, Rule
from ..asking.verdict import PASS, Reject, Verdict


def refuse_the_same_transition(
    _: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Refuse a state whose transition id is the current state's; older ones are not looked at."""
    asked = proposed.state_details.transition_id
    if asked is None or asked != initial.state_details.transition_id:
        return PASS
    return Reject(reason="This run has already made this state transition.")


REFUSE_THE_SAME_TRANSITION = Rule(
    name="PreventDuplicateTransitions",
    leaving=TYPES,
    entering=ANY,
    before=refuse_the_same_transition,
)
