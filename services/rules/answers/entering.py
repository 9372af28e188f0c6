"""Entering a state: the rules are asked, the books are kept, the rules are told."""

from datetime import datetime

from msgspec import UNSET, Struct, structs

from events.changes import (
    Change,
    InputsDeleted,
    Left,
    PolicyAmended,
    StateEntered,
    TaskRunAmended,
)
from events.entities import Bookkeeping, FlowRun, Progress, TaskRun
from events.identity import derived_id
from events.policies import FlowRunPolicy, PolicyAmendment
from events.proposals import Proposal
from events.states import ProposedState, State

from ..asking.orchestrate import Said, conclude, consult
from ..asking.rule import Policy, Question, Run
from ..asking.verdict import Ask
from ..flow_runs.slots import slots_left
from ..task_runs.slots import tag_slots_left
from .bookkeeping import booked_after, own_details, own_timestamp, resuming_done, state_of

NO_PROMISES = FlowRunPolicy()


class Entered(Struct, frozen=True):
    """What was said, the changes and proposals that follow, and the state entered, if any."""

    said: Said
    changes: tuple[Change, ...]
    state: State | None
    follow_ups: tuple[Proposal, ...] = ()


def enter_flow_run(question: Question[FlowRun], policy: Policy[FlowRun]) -> Entered | Ask:
    """What becomes of a flow run's proposed state under *policy*, or what a rule has to know."""
    run = question.run
    progress = run.progress
    consulted = consult(question, policy, progress.policy)
    if consulted.ask is not None:
        return consulted.ask
    promised, entered = consulted.policy, None
    follow_ups: tuple[Proposal, ...] = ()
    changes: list[Change] = []
    if consulted.proposed is not None:
        entered = _entered(
            question, consulted.proposed, own_timestamp(progress.state_times, question.at)
        )
        counts = not (promised.resuming and question.is_current_api)
        booked = booked_after(progress.booked, progress.state, entered, counts=counts)
        changes.append(StateEntered(state=entered, booked=booked, left=left_by(progress, booked)))
        if question.is_current_api:
            promised = resuming_done(promised, entered)
    if consulted.visits:
        concluded = conclude(question, consulted, promised, entered or progress.state)
        promised, follow_ups = concluded.policy, concluded.follow_ups
        if concluded.inputs_deleted:
            changes.append(InputsDeleted(keys=list(concluded.inputs_deleted)))
    if promised is not progress.policy and promised != progress.policy:
        changes.append(PolicyAmended(policy=_difference(progress.policy, promised)))
    if run.attributes.deployment_id is not None:
        follow_ups += slots_left(question, consulted.said, entered)
    return Entered(consulted.said, tuple(changes), entered, follow_ups)


def enter_task_run(question: Question[TaskRun], policy: Policy[TaskRun]) -> Entered | Ask:
    """What becomes of a task run's proposed state under *policy*, or what a rule has to know."""
    progress = question.run.progress
    consulted = consult(question, policy, NO_PROMISES)
    if consulted.ask is not None:
        return consulted.ask
    entered, given_back = None, ()
    if consulted.proposed is not None:
        entered = _entered(question, consulted.proposed, question.at)
    if question.run.attributes.tags:
        given_back = tag_slots_left(question, entered)
        if isinstance(given_back, Ask):
            return given_back
    if entered is None:
        return Entered(consulted.said, (), None, given_back)
    told = conclude(question, consulted, NO_PROMISES, entered)
    before = progress.booked
    if told.run_count is not None:
        before = structs.replace(before, run_count=told.run_count)
    booked = booked_after(before, progress.state, entered, counts=True)
    changes: list[Change] = []
    attempt = told.flow_run_run_count
    if attempt is not None and attempt != progress.flow_run_run_count:
        attributes = question.run.attributes
        changes.append(TaskRunAmended(attributes=attributes, flow_run_run_count=attempt))
    changes.append(StateEntered(state=entered, booked=booked, left=left_by(progress, booked)))
    follow_ups = told.follow_ups + given_back
    return Entered(consulted.said, (*changes, *told.changes), entered, follow_ups)


def left_by(progress: Progress, booked: Bookkeeping) -> Left | None:
    """The state that a run in *progress* leaves; *booked* is its bookkeeping from now on."""
    state, before = progress.state, progress.booked
    if state is None:
        return None
    is_moved = before.expected_start_time != booked.expected_start_time
    return Left(
        id=state.id,
        type=state.type,
        name=state.name,
        timestamp=state.timestamp,
        message=state.message,
        start_time=before.start_time,
        total_run_time=before.total_run_time,
        expected_start_time=before.expected_start_time if is_moved else UNSET,
    )


def _entered(question: Question[Run], proposed: ProposedState, timestamp: datetime) -> State:
    return state_of(
        proposed,
        own_details(question.run, proposed.state_details),
        derived_id(question.at, question.subject, question.proposal_id, "state"),
        timestamp,
    )


def _difference(before: FlowRunPolicy, after: FlowRunPolicy) -> PolicyAmendment:
    return PolicyAmendment(
        pause_keys=UNSET
        if after.pause_keys == before.pause_keys or after.pause_keys is None
        else after.pause_keys,
        resuming=UNSET
        if after.resuming == before.resuming or after.resuming is None
        else after.resuming,
        retry_type=UNSET if after.retry_type == before.retry_type else after.retry_type,
    )
