"""Differences that are meant, by the names that docs/reference/differences.md has for them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.parity.comparing import Difference
from tests.parity.script import Observation, Step

BROKEN = 500


class Known(NamedTuple):
    """A difference that is meant: its name, and how it is recognised."""

    name: str
    is_this: Callable[[Difference, Step, Observation, Observation], bool]


def _at(observation: Observation, *path: str) -> Any:
    """What is at a place of an answer; none where there is no such place."""
    found: Any = observation.answer and observation.answer.body
    for name in path:
        try:
            found = found[name]
        except (KeyError, TypeError, IndexError):
            return None
    return found


def _sent_again(_: Difference, step: Step, theirs: Observation, ours: Observation) -> bool:
    reason = _at(theirs, "details", "reason")
    return step.path.endswith("/set_state") and (
        reason == "This run has already made this state transition."
        and _at(ours, "details", "reason") != reason
    )


def _no_pause_keys(_: Difference, __: Step, theirs: Observation, ours: Observation) -> bool:
    is_broken = theirs.answer is not None and theirs.answer.status == BROKEN
    return is_broken and _at(ours, "state", "type") == "PAUSED"


def _key_of_a_deleted(
    difference: Difference, step: Step, theirs: Observation, ours: Observation
) -> bool:
    is_another = step.binds is not None and difference.reference == step.binds
    return is_another and difference.place == "id" and "idempotency_key" in step.body


def _one_of_many(difference: Difference, step: Step, _: Observation, __: Observation) -> bool:
    return step.kind == "bulk_set_state" and ".state.state_details." in difference.place


KNOWN: tuple[Known, ...] = (
    Known("the same request sent again", _sent_again),
    Known("the details of a state that many runs are given", _one_of_many),
    Known("a flow run created with the key of a deleted one", _key_of_a_deleted),
    Known("a pause under a policy whose `pause_keys` are null", _no_pause_keys),
)


def recognised(
    steps: Sequence[Step],
    difference: Difference,
    reference: Sequence[Observation],
    headgate: Sequence[Observation],
) -> str | None:
    """The name of a difference that is meant; none for one that is not."""
    at = difference.step - 1
    for known in KNOWN:
        if known.is_this(difference, steps[at], reference[at], headgate[at]):
            return known.name
    return None
