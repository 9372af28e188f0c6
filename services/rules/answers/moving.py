"""A run is asked to enter a state; a subflow takes the task run that stands for it along."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from msgspec import structs

from events.decisions import NO_FACTS, Asked, Decision, Facts, Outcome, Undecidable
from events.entities import Entity, FlowRun, TaskRun, flow_run_key, task_run_key
from events.identity import derived_id
from events.proposals import Proposal, ProposeFlowRunState, ProposeTaskRunState
from events.states import FINAL, ProposedState, State, StateType

from ..asking.orchestrate import Said
from ..asking.rule import Policy, Question
from ..asking.verdict import NOTHING_TOLD, Ask, Told
from ..policies import (
    BACKGROUND_TASK_POLICY,
    CORE_FLOW_POLICY,
    CORE_TASK_POLICY,
    MINIMAL_FLOW_POLICY,
    MINIMAL_TASK_POLICY,
)
from ..subjects import flow_run_of, task_run_of
from ..task_runs.caching import cached_state
from .bookkeeping import completed
from .decisions import decision, unknown_flow_run, unknown_task_run
from .entering import Entered, enter_flow_run, enter_task_run

IN_PROCESS_RETRIES_SINCE = (0, 8, 4)
"""The api version from which proposers know in-process retries."""

ENDED = Said(
    outcome=Outcome.REJECT, reason="The run has ended already.", rule="LeaveEndedRunsAlone"
)


def move_flow_run(
    known: Mapping[str, Entity], proposal: ProposeFlowRunState, at: datetime, told: Told
) -> Decision | Undecidable | Ask:
    """Decide on a flow run's next state."""
    run = flow_run_of(known, proposal.flow_run_id)
    if run is None:
        return unknown_flow_run(proposal.flow_run_id)
    if proposal.unless_final and has_ended(run):
        return left_alone(proposal, run, flow_run_key(proposal.flow_run_id), at)
    policy = MINIMAL_FLOW_POLICY if proposal.force else CORE_FLOW_POLICY
    return moved_flow_run(
        run,
        proposal,
        proposal.state,
        policy,
        at,
        told,
        api_version=proposal.api_version,
        client_version=proposal.client_version,
    )


def moved_flow_run(
    run: FlowRun,
    proposal: Proposal,
    state: ProposedState,
    policy: Policy[FlowRun],
    at: datetime,
    told: Told = NOTHING_TOLD,
    *,
    api_version: str | None = None,
    client_version: str | None = None,
) -> Decision | Ask:
    """What becomes of *run*, which *proposal* wants in *state*, under *policy*."""
    question = Question(
        subject=flow_run_key(run.attributes.id),
        run=run,
        proposed=completed(state, at),
        at=at,
        proposal_id=proposal.id,
        is_current_api=is_current(api_version),
        client_version=client_version,
        told=told,
    )
    entered = enter_flow_run(question, policy)
    if not isinstance(entered, Entered):
        return entered
    facts = api_facts(api_version, client_version)
    if told.slots is not None:
        facts = structs.replace(facts, slots=told.slots)
    return decision(
        proposal,
        question.subject,
        run.progress.version + 1,
        at,
        changes=entered.changes,
        said=entered.said,
        asked=asked(state, force=policy is MINIMAL_FLOW_POLICY),
        facts=facts,
        follow_ups=entered.follow_ups + taken_along(question, entered.state, proposal.by),
    )


def move_task_run(
    known: Mapping[str, Entity], proposal: ProposeTaskRunState, at: datetime, told: Told
) -> Decision | Undecidable | Ask:
    """Decide on a task run's next state."""
    run = task_run_of(known, proposal.task_run_id)
    if run is None:
        return unknown_task_run(proposal.task_run_id)
    if proposal.unless_final and has_ended(run):
        return left_alone(proposal, run, task_run_key(proposal.task_run_id), at)
    question = Question(
        subject=task_run_key(proposal.task_run_id),
        run=run,
        proposed=completed(proposal.state, at),
        at=at,
        proposal_id=proposal.id,
        is_current_api=is_current(proposal.api_version),
        by=proposal.by,
        flow_run=flow_run_to_run_in(known, run, proposal.state),
        cached=cached_state(known, proposal.state, at),
        told=told,
    )
    policy = task_policy_of(proposal.state, force=proposal.force)
    entered = enter_task_run(question, policy)
    if not isinstance(entered, Entered):
        return entered
    if is_orphan(question, policy, entered.state):
        return Undecidable(
            reason="Unable to read flow run associated with task run:"
            f" {proposal.task_run_id}, this flow run might have been deleted",
            field="flow_run_id",
            missing=True,
        )
    return decision(
        proposal,
        question.subject,
        run.progress.version + 1,
        at,
        changes=entered.changes,
        said=entered.said,
        asked=asked(proposal.state, force=proposal.force),
        facts=task_facts(question, policy, proposal.api_version),
        follow_ups=entered.follow_ups,
    )


def has_ended(run: FlowRun | TaskRun) -> bool:
    """Whether *run* is in a final state."""
    state = run.progress.state
    return state is not None and state.type in FINAL


def left_alone(
    proposal: ProposeFlowRunState | ProposeTaskRunState,
    run: FlowRun | TaskRun,
    subject: str,
    at: datetime,
) -> Decision:
    """The answer to who asks only runs that have not ended."""
    wanted = asked(proposal.state, force=proposal.force)
    return decision(proposal, subject, run.progress.version + 1, at, said=ENDED, asked=wanted)


def task_policy_of(state: ProposedState, *, force: bool) -> Policy[TaskRun]:
    """The policy for *state*; a background task run has one of its own, even when forced."""
    if state.state_details.deferred:
        return BACKGROUND_TASK_POLICY
    return MINIMAL_TASK_POLICY if force else CORE_TASK_POLICY


def flow_run_to_run_in(
    known: Mapping[str, Entity], run: TaskRun, state: ProposedState
) -> FlowRun | None:
    """The flow run of a task run that is to run; no other transition looks at it."""
    id = run.attributes.flow_run_id
    return None if id is None or state.type is not StateType.RUNNING else flow_run_of(known, id)


def is_orphan(question: Question[TaskRun], policy: Policy[TaskRun], entered: State | None) -> bool:
    """Whether the run would begin and its flow run, whose attempt it must note, is gone."""
    return (
        policy is not MINIMAL_TASK_POLICY
        and question.flow_run is None
        and question.run.attributes.flow_run_id is not None
        and question.run.progress.state is not None
        and entered is not None
        and entered.type is StateType.RUNNING
    )


def task_facts(
    question: Question[TaskRun], policy: Policy[TaskRun], api_version: str | None = None
) -> Facts:
    """What the rules of *policy* were told; the minimal one is told nothing."""
    if policy is MINIMAL_TASK_POLICY or question.proposed.type is not StateType.RUNNING:
        return NO_FACTS if api_version is None else Facts(api_version=api_version)
    flow_run, cached = question.flow_run, question.cached
    state = None if flow_run is None else flow_run.progress.state
    return Facts(
        api_version=api_version,
        flow_run_state=None if state is None else state.type,
        flow_run_run_count=None if flow_run is None else flow_run.progress.booked.run_count,
        cached_state_id=None if cached is None else cached.id,
        slots=question.told.slots,
    )


def asked(state: ProposedState, *, force: bool = False) -> Asked:
    """The proposed state in short, as it was proposed."""
    return Asked(type=state.type, name=state.name, force=force)


def taken_along(
    question: Question[FlowRun], entered: State | None, by: str | None
) -> tuple[Proposal, ...]:
    """The proposal that the task run which stands for a subflow enter the subflow's new state."""
    about = question.run.attributes
    if entered is None or about.parent_task_run_id is None:
        return ()
    copied = ProposedState(
        type=entered.type,
        name=entered.name,
        message=entered.message,
        data=entered.data,
        state_details=structs.replace(entered.state_details, child_flow_run_id=about.id),
    )
    return (
        ProposeTaskRunState(
            id=str(derived_id(question.at, question.subject, question.proposal_id, "parent")),
            at=question.at,
            by=by,
            task_run_id=about.parent_task_run_id,
            flow_run_id=about.parent_flow_run_id,
            state=copied,
            force=True,
        ),
    )


def api_facts(api_version: str | None, client_version: str | None = None) -> Facts:
    """Which API and which client asked, as the rules were told."""
    if api_version is None and client_version is None:
        return NO_FACTS
    return Facts(api_version=api_version, client_version=client_version)


@lru_cache(maxsize=256)
def is_current(api_version: str | None) -> bool:
    """Whether the proposer knows in-process retries; who names no version, or nonsense, does."""
    if api_version is None:
        return True
    try:
        version = tuple(int(part) for part in api_version.split("."))
    except ValueError:
        return True
    return version >= IN_PROCESS_RETRIES_SINCE
