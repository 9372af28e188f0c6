"""Rules are asked in their order, and told the outcome in reverse; nothing else happens."""

from collections.abc import Callable

from msgspec import structs

from events.decisions import Outcome
from events.entities import FlowRun, FlowRunProgress, TaskRun, TaskRunProgress
from events.policies import FlowRunPolicy, PolicyAmendment
from events.states import ProposedState, State, StateDetails, StateType
from events.states.constructors import Completed, Failed, Running
from services.rules.answers.entering import Entered, enter_task_run
from services.rules.asking.orchestrate import (
    ACCEPTED,
    Concluded,
    Consulted,
    Said,
    conclude,
    consult,
)
from services.rules.asking.rule import ANY, Question, Rule, policy_of
from services.rules.asking.verdict import (
    PASS,
    Abort,
    Aftermath,
    Delay,
    Pass,
    Reject,
    Rename,
    Verdict,
)
from tests.support.examples import FLOW_RUN_ATTRIBUTES, NOON, TASK_RUN_ATTRIBUTES, a_state

RUNNING = a_state(StateType.RUNNING)
PROMISED = FlowRunPolicy(pause_keys=frozenset({"0"}))
TO_COMPLETED = frozenset({StateType.COMPLETED})

After = Callable[[Question[FlowRun], State, State], Aftermath]


def a_question(proposed: ProposedState, initial: State | None = RUNNING) -> Question[FlowRun]:
    run = FlowRun(FLOW_RUN_ATTRIBUTES, FlowRunProgress(state=initial, policy=PROMISED))
    return Question(subject="s", run=run, proposed=proposed, at=NOON, proposal_id="p")


def always(verdict: Verdict) -> Callable[[Question[FlowRun], State, ProposedState], Verdict]:
    def say(_: Question[FlowRun], __: State, ___: ProposedState) -> Verdict:
        return verdict

    return say


def a_rule(
    name: str,
    verdict: Verdict = PASS,
    *,
    after: str | None = None,
    entering: frozenset[StateType | None] = ANY,
    restores_policy: bool = False,
) -> Rule[FlowRun]:
    """A rule that says *verdict* and, told the outcome, adds the key *after* and deletes it."""

    def told(_: Question[FlowRun], __: State, now: State) -> Aftermath:
        keys = frozenset({f"{after} {now.type.value}"})
        return Aftermath(policy=PolicyAmendment(pause_keys=keys), inputs_deleted=(f"{after}",))

    return Rule(
        name=name,
        leaving=ANY,
        entering=entering,
        before=always(verdict),
        after=None if after is None else told,
        restores_policy=restores_policy,
    )


def asked(*rules: Rule[FlowRun]) -> tuple[Question[FlowRun], Consulted[FlowRun]]:
    question = a_question(Completed())
    return question, consult(question, policy_of("test", *rules), PROMISED)


def concluded(*rules: Rule[FlowRun]) -> Concluded:
    question, consulted = asked(*rules)
    proposed = consulted.proposed
    now = RUNNING if proposed is None else a_state(proposed.type)
    return conclude(question, consulted, consulted.policy, now)


def amending(key: str) -> Pass:
    return Pass(policy=PolicyAmendment(pause_keys=frozenset({key})))


def test_without_objection_the_proposed_state_is_accepted() -> None:
    _, consulted = asked(a_rule("one"), a_rule("two"))
    assert consulted == Consulted(ACCEPTED, Completed(), PROMISED, [])


def test_rules_see_what_earlier_ones_made_of_the_state() -> None:
    seen: list[ProposedState] = []

    def look(_: Question[FlowRun], __: State, proposed: ProposedState) -> Verdict:
        seen.append(proposed)
        return PASS

    details = StateDetails(traceparent="t")
    last = Rule[FlowRun](name="last", leaving=ANY, entering=ANY, before=look)
    asked(a_rule("one", Rename("Done")), a_rule("two", Pass(details=details)), last)
    assert seen == [Completed(name="Done", state_details=details)]


def test_a_refusal_ends_the_asking() -> None:
    """Edge case 5: rules after it are not asked."""
    _, consulted = asked(a_rule("one", Reject(reason="no")), a_rule("two", Abort("never")))
    assert consulted.said == Said(outcome=Outcome.REJECT, reason="no", rule="one")
    assert consulted.proposed is None


def test_a_delay_and_an_abort_keep_the_state_as_well() -> None:
    for verdict, said in (
        (
            Delay(reason="soon", seconds=3),
            Said(outcome=Outcome.WAIT, reason="soon", rule="one", delay_seconds=3),
        ),
        (Abort("never"), Said(outcome=Outcome.ABORT, reason="never", rule="one")),
    ):
        _, consulted = asked(a_rule("one", verdict))
        assert (consulted.said, consulted.proposed) == (said, None)


def test_a_state_of_another_type_ends_the_asking() -> None:
    _, consulted = asked(
        a_rule("one", Reject(reason="no", state=Failed())), a_rule("two", Abort(""))
    )
    assert (consulted.said.rule, consulted.proposed) == ("one", Failed())


def test_a_state_of_the_same_type_does_not() -> None:
    _, consulted = asked(
        a_rule("one", Reject(reason="not so", state=Completed(message="so"))),
        a_rule("two", Rename("Done")),
    )
    assert consulted.proposed == Completed(name="Done", message="so")
    assert consulted.said == Said(outcome=Outcome.REJECT, reason="not so", rule="one")


def test_the_last_to_object_is_heard() -> None:
    _, consulted = asked(
        a_rule("one", Reject(reason="not so", state=Completed())), a_rule("two", Abort("never"))
    )
    assert consulted.said == Said(outcome=Outcome.ABORT, reason="never", rule="two")


def test_amendments_outlive_a_refusal() -> None:
    """Edge case 8."""
    outcome = concluded(a_rule("one", amending("kept")), a_rule("two", Reject(reason="no")))
    assert outcome.policy.pause_keys == {"kept"}


def test_amendments_of_a_rule_that_restores_do_not() -> None:
    outcome = concluded(
        a_rule("zero", amending("before")),
        a_rule("one", amending("undone"), restores_policy=True),
        a_rule("two", Reject(reason="no")),
    )
    assert outcome.policy.pause_keys == {"before"}


def test_a_rule_that_restores_keeps_its_amendment_when_it_stands() -> None:
    assert concluded(a_rule("one", amending("kept"), restores_policy=True)).policy == FlowRunPolicy(
        pause_keys=frozenset({"kept"})
    )


def test_rules_are_told_in_reverse() -> None:
    outcome = concluded(a_rule("one", after="one"), a_rule("two", after="two"))
    assert outcome.inputs_deleted == ("two", "one")
    assert outcome.policy.pause_keys == {"one COMPLETED"}


def test_a_rule_that_fizzles_is_not_told() -> None:
    outcome = concluded(
        a_rule("one", after="one"), a_rule("two", Reject(reason="no", state=Failed()))
    )
    assert outcome == Concluded(PROMISED)


def test_a_rule_that_refuses_is_told_if_it_speaks_about_no_state() -> None:
    """Edge case 6."""
    outcome = concluded(a_rule("one", Reject(reason="no"), after="one"))
    assert outcome.policy.pause_keys == {"one RUNNING"}


def test_a_rule_that_refuses_is_not_told_if_it_does_not() -> None:
    refusing = a_rule("one", Reject(reason="no"), after="one", entering=TO_COMPLETED)
    assert concluded(refusing) == Concluded(PROMISED)


def test_a_rule_that_replaces_is_told_if_it_speaks_about_what_is_entered() -> None:
    replacing = Reject(reason="no", state=Failed())
    told = concluded(a_rule("one", replacing, after="one"))
    assert told.policy.pause_keys == {"one FAILED"}
    untold = concluded(a_rule("one", replacing, after="one", entering=TO_COMPLETED))
    assert untold == Concluded(PROMISED)


def test_a_rule_that_does_not_concern_the_transition_is_not_asked() -> None:
    elsewhere = a_rule("one", Abort("never"), entering=frozenset({StateType.FAILED}))
    _, consulted = asked(elsewhere)
    assert consulted.said == ACCEPTED


def test_a_first_state_is_asked_about_apart() -> None:
    def rename(_: Question[FlowRun], __: None, ___: ProposedState) -> Verdict:
        return Rename("First")

    told = a_rule("one", Abort("has a state"), after="one")
    rule = structs.replace(told, first=rename)
    question = a_question(Running(), initial=None)
    consulted = consult(question, policy_of("test", rule, a_rule("two", Abort(""))), PROMISED)
    assert (consulted.said, consulted.proposed) == (ACCEPTED, Running(name="First"))
    assert conclude(question, consulted, PROMISED, RUNNING) == Concluded(PROMISED)


def test_a_rule_may_delete_inputs_and_leave_the_policy() -> None:
    def forget(_: Question[FlowRun], __: State, ___: State) -> Aftermath:
        return Aftermath(inputs_deleted=("a", "b"))

    rule = structs.replace(a_rule("one", after="one"), after=forget)
    assert concluded(rule) == Concluded(PROMISED, ("a", "b"))


def test_a_task_run_that_is_refused_stays_where_it_is() -> None:
    def refuse(_: Question[TaskRun], __: State, ___: ProposedState) -> Verdict:
        return Abort("never")

    rule = Rule[TaskRun](name="one", leaving=ANY, entering=ANY, before=refuse)
    run = TaskRun(TASK_RUN_ATTRIBUTES, TaskRunProgress(state=RUNNING))
    question = Question(subject="s", run=run, proposed=Completed(), at=NOON, proposal_id="p")
    said = Said(outcome=Outcome.ABORT, reason="never", rule="one")
    assert enter_task_run(question, policy_of("test", rule)) == Entered(said, (), None)
