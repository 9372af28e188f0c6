"""Proposals: what may be asked. Each names what it is about, and so where it is decided."""

from .inputs import DeleteInput, InputKey, ResumeFlowRun, StoreInput
from .resources import AmendResource, RemoveResource, StoreResource
from .runs import (
    AmendFlow,
    AmendFlowRun,
    AmendTaskRun,
    CacheTaskState,
    CreateFlowRun,
    CreateTaskRun,
    DeleteFlow,
    DeleteFlowRun,
    DeleteTaskRun,
    FireTimer,
    ProposeFlowRunState,
    ProposeTaskRunState,
    RecordedFields,
    RecordTaskRun,
    RegisterFlow,
    TimerKind,
    UnscheduleFlowRun,
    WriteLogs,
)
from .slots import (
    AmendLimit,
    CreateLimit,
    DeleteLimit,
    EndLease,
    EndLeasesOf,
    GiveSlots,
    ReapLease,
    RenewLease,
    ResetLimit,
    SlotProposal,
    TakeSlots,
)

Proposal = (
    RegisterFlow
    | AmendFlow
    | DeleteFlow
    | CreateFlowRun
    | ProposeFlowRunState
    | AmendFlowRun
    | FireTimer
    | UnscheduleFlowRun
    | ResumeFlowRun
    | StoreInput
    | DeleteInput
    | DeleteFlowRun
    | CreateTaskRun
    | AmendTaskRun
    | DeleteTaskRun
    | ProposeTaskRunState
    | CacheTaskState
    | RecordTaskRun
    | WriteLogs
    | StoreResource
    | AmendResource
    | RemoveResource
    | CreateLimit
    | AmendLimit
    | DeleteLimit
    | ResetLimit
    | TakeSlots
    | GiveSlots
    | RenewLease
    | EndLease
    | EndLeasesOf
    | ReapLease
)

__all__ = [
    "AmendFlow",
    "AmendFlowRun",
    "AmendLimit",
    "AmendResource",
    "AmendTaskRun",
    "CacheTaskState",
    "CreateFlowRun",
    "CreateLimit",
    "CreateTaskRun",
    "DeleteFlow",
    "DeleteFlowRun",
    "DeleteInput",
    "DeleteLimit",
    "DeleteTaskRun",
    "EndLease",
    "EndLeasesOf",
    "FireTimer",
    "GiveSlots",
    "InputKey",
    "Proposal",
    "ProposeFlowRunState",
    "ProposeTaskRunState",
    "ReapLease",
    "RecordTaskRun",
    "RecordedFields",
    "RegisterFlow",
    "RemoveResource",
    "RenewLease",
    "ResetLimit",
    "ResumeFlowRun",
    "SlotProposal",
    "StoreInput",
    "StoreResource",
    "TakeSlots",
    "TimerKind",
    "UnscheduleFlowRun",
    "WriteLogs",
]
