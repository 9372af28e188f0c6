"""Decide: the answer to one proposal, from what is known and the instant of intake alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import assert_never

from events.decisions import Decision, Undecidable
from events.entities import Entity
from events.proposals import (
    AmendFlow,
    AmendFlowRun,
    AmendLimit,
    AmendResource,
    AmendTaskRun,
    CacheTaskState,
    CreateFlowRun,
    CreateLimit,
    CreateTaskRun,
    DeleteFlow,
    DeleteFlowRun,
    DeleteInput,
    DeleteLimit,
    DeleteTaskRun,
    EndLease,
    EndLeasesOf,
    FireTimer,
    GiveSlots,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
    ReapLease,
    RecordTaskRun,
    RegisterFlow,
    RemoveResource,
    RenewLease,
    ResetLimit,
    ResumeFlowRun,
    StoreInput,
    StoreResource,
    TakeSlots,
    UnscheduleFlowRun,
    WriteLogs,
)

from .answers.amending import amend_flow, amend_flow_run, amend_task_run
from .answers.caching import cache_task_state
from .answers.creation import create_flow_run, create_task_run, register_flow
from .answers.deleting import delete_flow, delete_flow_run, delete_task_run, unschedule_flow_run
from .answers.firing import fire_timer
from .answers.moving import move_flow_run, move_task_run
from .answers.recording import record_task_run, write_logs
from .answers.resources import amend_resource, remove_resource, store_resource
from .asking.verdict import NOTHING_TOLD, Ask, Told
from .inputs.resuming import resume_flow_run
from .inputs.storing import delete_input, store_input
from .slots.decide import decide_slots


def decide(
    known: Mapping[str, Entity], proposal: Proposal, at: datetime, told: Told = NOTHING_TOLD
) -> Decision | Undecidable | Ask:
    """The answer to *proposal*, taken in at *at*; *known* holds what `needs` names, if it exists.

    An `Ask` is no answer yet: decide again with what was *told*.

    Never raises for a proposal that was decoded. Whether it was answered before is not asked
    here: see `answered`.
    """
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    match proposal:
        case ProposeFlowRunState():
            return move_flow_run(known, proposal, at, told)
        case RecordTaskRun():
            return record_task_run(known, proposal, at)
        case WriteLogs():
            return write_logs(proposal, at)
        case CreateFlowRun():
            return create_flow_run(known, proposal, at)
        case CreateTaskRun():
            return create_task_run(known, proposal, at, told.terms)
        case ProposeTaskRunState():
            return move_task_run(known, proposal, at, told)
        case CacheTaskState():
            return cache_task_state(known, proposal, at)
        case AmendFlowRun():
            return amend_flow_run(known, proposal, at)
        case AmendTaskRun():
            return amend_task_run(known, proposal, at)
        case FireTimer():
            return fire_timer(known, proposal, at, told)
        case UnscheduleFlowRun():
            return unschedule_flow_run(known, proposal, at)
        case ResumeFlowRun():
            return resume_flow_run(known, proposal, at)
        case StoreInput():
            return store_input(known, proposal, at)
        case DeleteInput():
            return delete_input(known, proposal, at)
        case DeleteFlowRun():
            return delete_flow_run(known, proposal, at)
        case DeleteTaskRun():
            return delete_task_run(known, proposal, at)
        case StoreResource():
            return store_resource(known, proposal, at)
        case AmendResource():
            return amend_resource(known, proposal, at)
        case RemoveResource():
            return remove_resource(known, proposal, at)
        case RegisterFlow() | AmendFlow() | DeleteFlow():
            return _decide_flow(known, proposal, at)
        case (
            TakeSlots()
            | EndLease()
            | RenewLease()
            | ReapLease()
            | EndLeasesOf()
            | GiveSlots()
            | CreateLimit()
            | AmendLimit()
            | DeleteLimit()
            | ResetLimit()
        ):
            return decide_slots(known, proposal, at, told.terms)
    assert_never(proposal)


def _decide_flow(
    known: Mapping[str, Entity], proposal: RegisterFlow | AmendFlow | DeleteFlow, at: datetime
) -> Decision | Undecidable:
    match proposal:
        case RegisterFlow():
            return register_flow(known, proposal, at)
        case AmendFlow():
            return amend_flow(known, proposal, at)
        case DeleteFlow():
            return delete_flow(known, proposal, at)
    assert_never(proposal)
