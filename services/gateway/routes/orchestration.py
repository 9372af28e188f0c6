"""What became of a proposed state, as every route that proposes one answers it."""

from hashlib import blake2b
from typing import Any

from msgspec import Struct

from events.changes import StateEntered
from events.decisions import Outcome
from events.states import ProposedState, stored_data
from events.wire.replies import Answer

from ..context import Context
from ..http.errors import Reply, answered
from ..rendering.parts import StateResponse, state_response


class OrchestrationResult(Struct, frozen=True):
    """What became of a proposed state, and the state that the run is in now."""

    state: StateResponse | None
    status: Outcome
    details: dict[str, Any]


def proposal_id(context: Context, state: ProposedState, asked: bytes) -> str:
    """The same for the same request sent again, which clients mark by its transition id.

    *asked* is all that makes it the same: whose state it is to be, and the request's body.
    """
    transition_id = state.state_details.transition_id
    if transition_id is None:
        return str(context.new_id())
    return f"{transition_id}/{blake2b(asked, digest_size=8).hexdigest()}"


def orchestrated(answer: Answer, data: Any = None) -> Reply:
    """The reply to who proposed *data*: 201 when a state was entered, 200 when none was."""
    is_accepted = answer.outcome is Outcome.ACCEPT
    entered = is_accepted or any(
        isinstance(change, StateEntered) for change in answer.decided().changes
    )
    return answered(result_of(answer, data), 201 if entered else 200)


def result_of(answer: Answer, data: Any = None) -> OrchestrationResult:
    """What *answer* says to who proposed *data*; data that is kept nowhere is shown this once."""
    echoed = None
    if answer.outcome is Outcome.ACCEPT:
        echoed = None if stored_data(data) is not None else data
        details: dict[str, Any] = {"type": "accept_details"}
    else:
        decision = answer.decided()
        details = {"type": f"{answer.outcome.lower()}_details", "reason": decision.reason}
        if answer.outcome is Outcome.WAIT:
            details["delay_seconds"] = decision.delay_seconds
    state = None if answer.state is None else state_response(answer.state, echoed)
    return OrchestrationResult(state, answer.outcome, details)
