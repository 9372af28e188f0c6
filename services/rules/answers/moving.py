"""A run is asked to enter a state; a subflow takes the task run that stands for it along."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from msgspec import structs

from events.decisions import NO_FACTS, Asked, Decision, Facts, Undecidable
from events.entities import Entity, FlowRun, flow_run_key, task_run_key
from events.identity import derived_id
from events.proposals import Proposal, ProposeFlowRunState, ProposeTaskRunState
from events.states import ProposedState, State

from ..asking.rule import Question
from ..policies import (
    CORE_FLOW_POLICY,
    CORE_TASK_POLICY,
    MINIMAL_FLOW_POLICY,
    MINIMAL_TASK_POLICY,
)
from ..subjects import flow_run_of, task_run_of
from .bookkeeping import completed
from .decisions import decision, unknown_flow_run, unknown_task_run
from .entering import enter_flow_run, enter_task_run

IN_PROCESS_RETRIES_SINCE = (0, 8, 4)
"""The api version from which proposers know in-process retries."""


def move_flow_run(
    known: Mapping[str, Entity], proposal: ProposeFlowRunState, at: datetime
) -> Decision | Undecidable:
    """Decide on a flow run's next state."""
    run = flow_run_of(known, proposal.flow_run_id)
    if run is None:
        return unknown_flow_run(proposal.flow_run_id)
    question = Question(
        subject=flow_run_key(proposal.flow_run_id),
        run=run,
        proposed=completed(proposal.state, at),
        at=at,
        proposal_id=proposal.id,
        is_current_api=is_current(proposal.api_version),
    )
    entered = enter_flow_run(question, MINIMAL_FLOW_POLICY if proposal.force else CORE_FLOW_POLICY)
    facts = NO_FACTS
    if proposal.api_version is not None or proposal.client_version is not None:
        facts = Facts(api_version=proposal.api_version, client_version=proposal.client_version)
    return decision(
        proposal,
        question.subject,
        run.progress.version + 1,
        at,
        changes=entered.changes,
        said=entered.said,
        asked=asked(proposal.state, force=proposal.force),
        facts=facts,
        follow_ups=taken_along(question, entered.state, proposal.by),
    )


def move_task_run(
    known: Mapping[str, Entity], proposal: ProposeTaskRunState, at: datetime
) -> Decision | Undecidable:
    """Decide on a task run's next state."""
    run = task_run_of(known, proposal.task_run_id)
    if run is None:
        return unknown_task_run(proposal.task_run_id)
    question = Question(
        subject=task_run_key(proposal.task_run_id),
        run=run,
        proposed=completed(proposal.state, at),
        at=at,
        proposal_id=proposal.id,
        is_current_api=is_current(proposal.api_version),
    )
    entered = enter_task_run(question, MINIMAL_TASK_POLICY if proposal.force else CORE_TASK_POLICY)
    return decision(
        proposal,
        question.subject,
        run.progress.version + 1,
        at,
        changes=entered.changes,
        said=entered.said,
        asked=asked(proposal.state, force=proposal.force),
        facts=NO_FACTS if proposal.api_version is None else Facts(api_version=proposal.api_version),
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
