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


def _reason(observation: Observation) -> str | None:
    """Why a proposal was not accepted, as answered."""
    body: Any = observation.answer and observation.answer.body
    try:
        return body["details"]["reason"]
    except (KeyError, TypeError):
        return None


def _sent_again(_: Difference, step: Step, theirs: Observation, ours: Observation) -> bool:
    reason = _reason(theirs)
    return step.path.endswith("/set_state") and (
        reason == "This run has already made this state transition." and _reason(ours) != reason
    )


def _no_pause_keys(_: Difference, __: Step, theirs: Observation, ours: Observation) -> bool:
    state: Any = ours.answer and ours.answer.body
    return (
        theirs.answer is not None
        and theirs.answer.status == BROKEN
        and isinstance(state, dict)
        and state["state"]["type"] == "PAUSED"  # pyright: ignore[reportUnknownVariableType]
    )


def _key_of_a_deleted(
    difference: Difference, step: Step, theirs: Observation, ours: Observation
) -> bool:
    is_another = step.binds is not None and difference.reference == step.binds
    return is_another and difference.place == "id" and "idempotency_key" in step.body


KNOWN: tuple[Known, ...] = (
    Known("the same request sent again", _sent_again),
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
