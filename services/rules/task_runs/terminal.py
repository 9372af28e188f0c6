"""A task run that has ended starts again from its first attempt, unless it has a result."""

from typing import cast

from events.entities import TaskRun
from events.states import FINAL, UNPERSISTED, ProposedState, State, StateType

from ..asking.rule import ANY, Question, Rule
from ..asking.verdict import (
    PASS,
    Abort,
    Aftermath,
    Reject,
    Rename,
    Verdict,
)

NOT_AFTER_THE_END = frozenset({StateType.CANCELLING, StateType.PAUSED, StateType.CRASHED})


def restart_ended_runs(
    question: Question[TaskRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Refuse what an ended run cannot become, and anything but its result for one that has one."""
    if proposed.type in NOT_AFTER_THE_END:
        return Abort(f"Run is already {initial.type.value}.")
    if initial.type is StateType.COMPLETED and has_a_result(initial.data):
        return Reject(reason="This run is already completed.")
    if proposed.type is StateType.RUNNING and question.flow_run is not None:
        attempt = question.flow_run.progress.booked.run_count
        if question.run.progress.flow_run_run_count < attempt:
            return Rename("Retrying")
    return PASS


def has_a_result(data: object) -> bool:
    """Whether a completed task run must not run again; any data counts that is not unpersisted."""
    if not isinstance(data, dict):
        return bool(data)
    result = cast("dict[str, object]", data)
    return bool(result) and result.get("type") != UNPERSISTED


def count_attempts_anew(_: Question[TaskRun], __: State, now: State) -> Aftermath:
    """The attempts before the end do not count any more."""
    return Aftermath() if now.type in FINAL else Aftermath(run_count=0)


RESTART_ENDED_TASK_RUNS = Rule(
    name="HandleTaskTerminalStateTransitions",
    leaving=frozenset(FINAL),
    entering=ANY,
    before=restart_ended_runs,
    after=count_attempts_anew,
)
