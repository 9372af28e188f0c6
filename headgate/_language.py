"""The client's one door to the language; a client shipped alone swaps this file for its own."""

from events.changes import FlowRunDeleted, StateEntered
from events.decisions import Decision, Outcome, Recorded
from events.entities import (
    FlowRun,
    TaskRun,
    flow_run_key,
    task_run_key,
)
from events.instants import Clock
from events.log import START, Entry, EventLog
from events.log.redis import RedisEventLog
from events.policies import FlowRunPolicy, TaskRunPolicy
from events.proposals import (
    AmendFlowRun,
    CreateFlowRun,
    CreateTaskRun,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
    RecordTaskRun,
    RegisterFlow,
    ResumeFlowRun,
    StoreInput,
    WriteLogs,
)
from events.states import FINAL, ProposedState, State, StateDetails, StateType, constructors
from events.states.constructors import (
    AwaitingConcurrencySlot,
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    InfrastructurePending,
    Late,
    Pause,
    Pending,
    Retrying,
    Running,
    Scheduled,
    Submitting,
)
from events.streams import Streams
from events.wire.codec import decode_decision
from events.wire.replies import Answer, Unanswered
from events.wire.snapshots import entity_of, fields_of

__all__ = [
    "FINAL",
    "START",
    "AmendFlowRun",
    "Answer",
    "AwaitingConcurrencySlot",
    "AwaitingRetry",
    "Cancelled",
    "Cancelling",
    "Clock",
    "Completed",
    "Crashed",
    "CreateFlowRun",
    "CreateTaskRun",
    "Decision",
    "Entry",
    "EventLog",
    "Failed",
    "FlowRun",
    "FlowRunDeleted",
    "FlowRunPolicy",
    "InfrastructurePending",
    "Late",
    "Outcome",
    "Pause",
    "Pending",
    "Proposal",
    "ProposeFlowRunState",
    "ProposeTaskRunState",
    "ProposedState",
    "RecordTaskRun",
    "Recorded",
    "RedisEventLog",
    "RegisterFlow",
    "ResumeFlowRun",
    "Retrying",
    "Running",
    "Scheduled",
    "State",
    "StateDetails",
    "StateEntered",
    "StateType",
    "StoreInput",
    "Streams",
    "Submitting",
    "TaskRun",
    "TaskRunPolicy",
    "Unanswered",
    "WriteLogs",
    "constructors",
    "decode_decision",
    "entity_of",
    "fields_of",
    "flow_run_key",
    "task_run_key",
]  # fmt: skip
