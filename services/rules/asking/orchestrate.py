"""Rules are asked in their order, and told the outcome in reverse; nothing else happens here.

The list of rules is fixed by the transition that was intended. A rule that changes the type of
the proposed state, or refuses it, ends the asking: what comes after it spoke about another
transition. A rule that was asked *fizzles* when a later one changes the outcome. Otherwise it is
told the outcome, even one that it caused itself, as long as its table names the type that is now
entered; no state counts as a type.
"""

from typing import Generic, assert_never

from msgspec import Struct, structs

from events.changes import Change
from events.decisions import Outcome
from events.evolve import amended_policy
from events.policies import FlowRunPolicy
from events.proposals import Proposal
from events.states import ProposedState, State, StateType

from .rule import Policy, Question, Rule, Run
from .verdict import PASS, Abort, Aftermath, Ask, Delay, Pass, Reject, Rename, Verdict


class Said(Struct, frozen=True, kw_only=True):
    """The outcome, and what the rule that made it said."""

    outcome: Outcome = Outcome.ACCEPT
    reason: str | None = None
    rule: str | None = None
    delay_seconds: int | None = None


ACCEPTED = Said()


class Visit(Struct, Generic[Run], frozen=True):
    """A rule that was asked, the type that it left proposed, and the policy before it."""

    rule: Rule[Run]
    entering: StateType | None
    policy: FlowRunPolicy


class Consulted(Struct, Generic[Run], frozen=True):
    """What the rules made of a question. *proposed* is None when no state is entered.

    *ask* is what a rule has to know first; then nothing else counts.
    """

    said: Said
    proposed: ProposedState | None
    policy: FlowRunPolicy
    visits: list[Visit[Run]]
    ask: Ask | None = None


class Concluded(Struct, frozen=True):
    """What the rules made follow from the outcome."""

    policy: FlowRunPolicy
    inputs_deleted: tuple[str, ...] = ()
    run_count: int | None = None
    flow_run_run_count: int | None = None
    changes: tuple[Change, ...] = ()
    follow_ups: tuple[Proposal, ...] = ()


def consult(
    question: Question[Run], policy: Policy[Run], promised: FlowRunPolicy
) -> Consulted[Run]:
    """Ask the rules of *policy* in turn; *promised* is the run's own policy, which they amend."""
    proposed, said = question.proposed, ACCEPTED
    initial, intended = question.run.progress.state, proposed.type
    visits: list[Visit[Run]] = []
    for rule in policy.concerned[None if initial is None else initial.type, intended]:
        verdict = _verdict(rule, question, initial, proposed)
        is_told = rule.after is not None or rule.first_after is not None or rule.restores_policy
        if verdict is PASS and not is_told:
            continue
        before, entered = promised, proposed
        match verdict:
            case Pass(details=details, policy=amendment):
                if details is not None:
                    entered = structs.replace(proposed, state_details=details)
            case Rename(name):
                entered, amendment = structs.replace(proposed, name=name), None
            case Reject(reason=reason, state=entered, policy=amendment):
                said = Said(outcome=Outcome.REJECT, reason=reason, rule=rule.name)
            case Delay(reason=reason, seconds=seconds):
                entered, amendment = None, None
                said = Said(
                    outcome=Outcome.WAIT, reason=reason, rule=rule.name, delay_seconds=seconds
                )
            case Abort(reason):
                entered, amendment = None, None
                said = Said(outcome=Outcome.ABORT, reason=reason, rule=rule.name)
            case Ask():
                return Consulted(said, None, promised, visits, verdict)
            case _:
                assert_never(verdict)
        if amendment is not None:
            promised = amended_policy(promised, amendment)
        if is_told:
            visits.append(Visit(rule, None if entered is None else entered.type, before))
        if entered is None or entered.type is not intended:
            return Consulted(said, entered, promised, visits)
        proposed = entered
    return Consulted(said, proposed, promised, visits)


def conclude(
    question: Question[Run], consulted: Consulted[Run], promised: FlowRunPolicy, now: State | None
) -> Concluded:
    """Tell the rules the outcome, last asked first told; *now* is the state the run is in."""
    initial = question.run.progress.state
    final = None if consulted.proposed is None else consulted.proposed.type
    concluded = Concluded(promised)
    for visit in reversed(consulted.visits):
        rule = visit.rule
        if visit.entering not in rule.entering:
            continue
        if visit.entering is not final:
            if rule.restores_policy:
                concluded = structs.replace(concluded, policy=visit.policy)
        elif initial is None:
            if rule.first_after is not None and now is not None:
                concluded = _with(concluded, rule.first_after(question, None, now))
        elif rule.after is not None and now is not None:
            concluded = _with(concluded, rule.after(question, initial, now))
    return concluded


def _with(concluded: Concluded, told: Aftermath) -> Concluded:
    """*concluded* and what one more rule makes follow; where two speak, the last is heard."""
    return Concluded(
        policy=concluded.policy
        if told.policy is None
        else amended_policy(concluded.policy, told.policy),
        inputs_deleted=concluded.inputs_deleted + told.inputs_deleted,
        run_count=concluded.run_count if told.run_count is None else told.run_count,
        flow_run_run_count=concluded.flow_run_run_count
        if told.flow_run_run_count is None
        else told.flow_run_run_count,
        changes=concluded.changes + told.changes,
        follow_ups=concluded.follow_ups + told.follow_ups,
    )


def _verdict(
    rule: Rule[Run], question: Question[Run], initial: State | None, proposed: ProposedState
) -> Verdict:
    if initial is None:
        return PASS if rule.first is None else rule.first(question, None, proposed)
    return PASS if rule.before is None else rule.before(question, initial, proposed)
