"""The policies: which rules are asked, and in which order. What comes first wins."""

from events.entities import TaskRun

from .asking.rule import Policy, policy_of
from .flow_runs.cancelling import CANCEL_IDLE_RUNS_AT_ONCE, ONLY_CANCEL_CANCELLING_RUNS
from .flow_runs.duplicates import REFUSE_THE_SAME_TRANSITION
from .flow_runs.late import MARK_ONLY_SCHEDULED_RUNS_LATE
from .flow_runs.leases import KEEP_THE_LEASE
from .flow_runs.pausing import PAUSE_RUNNING_RUNS_ONCE
from .flow_runs.resuming import RESUME_PAUSED_RUNS_IN_TIME
from .flow_runs.retrying import RETRY_FAILED_RUNS
from .flow_runs.slots import (
    CANCEL_LATE_RUNS_OF_FULL_LIMITS,
    CLAIM_WITH_A_SLOT,
    KEEP_LEASES_THAT_ARE_NOT_RENEWED,
    START_WITH_A_SLOT,
)
from .flow_runs.terminal import KEEP_PERSISTED_RESULTS, RESTART_ENDED_RUNS_CLEANLY
from .runs.pending import CLAIM_RUNS_ONCE
from .runs.scheduling import KEEP_THE_SCHEDULED_TIME, WAIT_FOR_THE_SCHEDULED_TIME
from .task_runs.background import ENQUEUE_SCHEDULED_RUNS, KEEP_THE_PARAMETERS
from .task_runs.caching import CACHE_COMPLETED_STATES, TAKE_OVER_CACHED_STATES
from .task_runs.flow_run import BEGIN_ONLY_IN_RUNNING_FLOW_RUNS, NOTE_THE_FLOW_RUNS_ATTEMPT
from .task_runs.retrying import CALL_RERUNS_SO, RETRY_FAILED_TASK_RUNS
from .task_runs.slots import BEGIN_WITH_SLOTS_OF_THE_TAGS
from .task_runs.terminal import RESTART_ENDED_TASK_RUNS

CORE_FLOW_POLICY = policy_of(
    "CoreFlowPolicy",
    KEEP_THE_LEASE,
    REFUSE_THE_SAME_TRANSITION,
    RESTART_ENDED_RUNS_CLEANLY,
    ONLY_CANCEL_CANCELLING_RUNS,
    CANCEL_IDLE_RUNS_AT_ONCE,
    CLAIM_RUNS_ONCE,
    START_WITH_A_SLOT,
    CLAIM_WITH_A_SLOT,
    KEEP_LEASES_THAT_ARE_NOT_RENEWED,
    MARK_ONLY_SCHEDULED_RUNS_LATE,
    PAUSE_RUNNING_RUNS_ONCE,
    RESUME_PAUSED_RUNS_IN_TIME,
    KEEP_THE_SCHEDULED_TIME,
    WAIT_FOR_THE_SCHEDULED_TIME,
    RETRY_FAILED_RUNS,
)
"""What a proposed flow-run state has to pass."""

MINIMAL_FLOW_POLICY = policy_of(
    "MinimalFlowPolicy",
    KEEP_THE_LEASE,
    KEEP_PERSISTED_RESULTS,
    CANCEL_IDLE_RUNS_AT_ONCE,
)
"""What even a forced flow-run state has to pass, and a run's first one."""

MARK_LATE_RUNS_POLICY = policy_of(
    "MarkLateRunsPolicy", MARK_ONLY_SCHEDULED_RUNS_LATE, CANCEL_LATE_RUNS_OF_FULL_LIMITS
)
"""What a scheduled run has to pass to become late when its time has passed."""

CORE_TASK_POLICY: Policy[TaskRun] = policy_of(
    "CoreTaskPolicy",
    TAKE_OVER_CACHED_STATES,
    RESTART_ENDED_TASK_RUNS,
    BEGIN_ONLY_IN_RUNNING_FLOW_RUNS,
    BEGIN_WITH_SLOTS_OF_THE_TAGS,
    KEEP_THE_SCHEDULED_TIME,
    WAIT_FOR_THE_SCHEDULED_TIME,
    RETRY_FAILED_TASK_RUNS,
    CALL_RERUNS_SO,
    NOTE_THE_FLOW_RUNS_ATTEMPT,
    CACHE_COMPLETED_STATES,
)
"""What a proposed task-run state has to pass."""

BACKGROUND_TASK_POLICY: Policy[TaskRun] = policy_of(
    "BackgroundTaskPolicy",
    CLAIM_RUNS_ONCE,
    TAKE_OVER_CACHED_STATES,
    RESTART_ENDED_TASK_RUNS,
    KEEP_THE_SCHEDULED_TIME,
    KEEP_THE_PARAMETERS,
    WAIT_FOR_THE_SCHEDULED_TIME,
    RETRY_FAILED_TASK_RUNS,
    CALL_RERUNS_SO,
    NOTE_THE_FLOW_RUNS_ATTEMPT,
    CACHE_COMPLETED_STATES,
    ENQUEUE_SCHEDULED_RUNS,
)
"""What a deferred task-run state has to pass, even a forced or first one."""

MINIMAL_TASK_POLICY: Policy[TaskRun] = policy_of("MinimalTaskPolicy")
"""What even a forced task-run state has to pass."""
