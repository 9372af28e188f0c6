"""A result marked unpersisted is shown to its proposer once and kept nowhere."""

from msgspec import structs

from events.changes import StateEntered
from events.decisions import Decision, Outcome
from events.states import ProposedState, State, stored_data

CARRIES_ON = frozenset({"RetryFailedFlows", "RetryFailedTasks", "CacheInsertion"})
"""The rules whose replacement carries on the data of what it replaces."""


def echoed(decision: Decision, proposed: ProposedState) -> State | None:
    """The state that *decision* entered, if any, with the data that *proposed* brought."""
    entered = next((each for each in decision.changes if isinstance(each, StateEntered)), None)
    if entered is None:
        return None
    is_its_data = decision.outcome is Outcome.ACCEPT or decision.rule in CARRIES_ON
    if not is_its_data or stored_data(proposed.data) is proposed.data:
        return entered.state
    return structs.replace(entered.state, data=proposed.data)
