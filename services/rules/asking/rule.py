"""A rule looks at one proposed state and says a verdict; a policy is rules in their order."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from events.entities import FlowRun, TaskRun
from events.states import ProposedState, State, StateType

from .verdict import NOTHING_TOLD, Aftermath, Told, Verdict

Run = TypeVar("Run", FlowRun, TaskRun)

TYPES: frozenset[StateType | None] = frozenset(StateType)

ANY: frozenset[StateType | None] = TYPES | {None}
"""The nine types, and no state."""


class Question(Struct, Generic[Run], frozen=True, kw_only=True):
    """What the rules are asked: may *run* enter *proposed* at the instant *at*?

    *subject* is the run's key. *is_current_api* is false for proposers whose api does not know
    in-process retries. For a task run that is to run, *flow_run* is its flow run and *cached* the
    completed state that it may take over, if there are any. *told* is what rules asked for.
    """

    subject: str
    run: Run
    proposed: ProposedState
    at: datetime
    proposal_id: str
    is_current_api: bool = True
    by: str | None = None
    flow_run: FlowRun | None = None
    cached: State | None = None
    client_version: str | None = None
    told: Told = NOTHING_TOLD


class Rule(Struct, Generic[Run], frozen=True, kw_only=True, eq=False):
    """A rule for transitions that leave one of *leaving* and enter one of *entering*.

    *before* gets the run's state and the proposed one as earlier rules left it; *first* is asked
    instead of a run that has no state yet. *after* is told which state the run was in and which
    it is in once the outcome is known, *first_after* of a run's first state. What does not look
    at the state that is left can be both. *restores_policy*: when a later rule changes the
    outcome, the policy becomes again what it was before this rule.
    """

    name: str
    leaving: frozenset[StateType | None]
    entering: frozenset[StateType | None]
    before: Callable[[Question[Run], State, ProposedState], Verdict] | None = None
    first: Callable[[Question[Run], None, ProposedState], Verdict] | None = None
    after: Callable[[Question[Run], State, State], Aftermath] | None = None
    first_after: Callable[[Question[Run], None, State], Aftermath] | None = None
    restores_policy: bool = False


class Policy(Struct, Generic[Run], frozen=True, kw_only=True, eq=False):
    """Rules in the order in which they are asked, and which of them each transition concerns."""

    name: str
    rules: tuple[Rule[Run], ...]
    concerned: dict[tuple[StateType | None, StateType], tuple[Rule[Run], ...]]


def policy_of(name: str, *rules: Rule[Run]) -> Policy[Run]:
    """The policy of these *rules*, declared in their order."""
    return Policy(
        name=name,
        rules=rules,
        concerned={
            (leaving, entering): tuple(
                rule for rule in rules if leaving in rule.leaving and entering in rule.entering
            )
            for leaving in ANY
            for entering in StateType
        },
    )
