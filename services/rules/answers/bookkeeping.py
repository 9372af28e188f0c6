"""Bookkeeping: the counts and times that follow from entering a state, whatever the rules said."""

from datetime import datetime
from typing import cast
from uuid import UUID

from msgspec import structs

from events.entities import Bookkeeping, FlowRun, FlowRunAttributes, TaskRun
from events.instants import instant_of, micros_of, seconds_between
from events.policies import FlowRunPolicy
from events.states import (
    DEFAULT_NAMES,
    FINAL,
    ProposedState,
    State,
    StateDetails,
    StateType,
    stored_data,
)

RUNNING, SCHEDULED = StateType.RUNNING, StateType.SCHEDULED
"""To get at a member of an enum costs as much as a call, and these are compared all the time."""

ARTIFACT_KEYS = frozenset({"artifact_key", "artifact_type", "artifact_description"})
"""What a mapping says of the artifact that it is kept as; spec 1.4."""


def completed(proposed: ProposedState, at: datetime) -> ProposedState:
    """*proposed* with its name, and with a time if it is scheduled and has none."""
    if proposed.name is None:
        proposed = structs.replace(proposed, name=DEFAULT_NAMES[proposed.type])
    if proposed.type is SCHEDULED and proposed.state_details.scheduled_time is None:
        details = structs.replace(proposed.state_details, scheduled_time=at)
        proposed = structs.replace(proposed, state_details=details)
    return proposed


def own_timestamp(taken: tuple[int, ...], at: datetime) -> datetime:
    """*at*, or the first microsecond after it that is not among *taken*."""
    micros = micros_of(at)
    if micros not in taken:
        return at
    while micros in taken:
        micros += 1
    return instant_of(micros)


def state_of(
    proposed: ProposedState, details: StateDetails, id: UUID, timestamp: datetime
) -> State:
    """The state to enter; results marked unpersisted are not kept, nor what names an artifact."""
    return State(
        id=id,
        type=proposed.type,
        name=DEFAULT_NAMES[proposed.type] if proposed.name is None else proposed.name,
        timestamp=timestamp,
        message=proposed.message,
        data=_without_artifact(stored_data(proposed.data)),
        state_details=details,
    )


def _without_artifact(data: object) -> object:
    """*data*; of a mapping, without what is said of the artifact that it would be kept as."""
    if not isinstance(data, dict):
        return data
    given = cast("dict[str, object]", data)
    if ARTIFACT_KEYS.isdisjoint(given):
        return given
    return {key: value for key, value in given.items() if key not in ARTIFACT_KEYS}


def own_details(run: FlowRun | TaskRun, details: StateDetails) -> StateDetails:
    """*details* with the ids of the run, and of the task run that a subflow stands for."""
    about = run.attributes
    if not isinstance(about, FlowRunAttributes):
        return structs.replace(details, flow_run_id=about.flow_run_id, task_run_id=about.id)
    if about.parent_task_run_id is not None:
        return structs.replace(details, flow_run_id=about.id, task_run_id=about.parent_task_run_id)
    return structs.replace(details, flow_run_id=about.id)


def booked_after(
    booked: Bookkeeping, left: State | None, entered: State, *, counts: bool
) -> Bookkeeping:
    """The bookkeeping of a run that enters a state; *counts*: entering RUNNING is a new attempt."""
    kind, now = entered.type, entered.timestamp
    due = entered.state_details.scheduled_time if kind is SCHEDULED else None
    run_count, run_time = booked.run_count, booked.total_run_time
    upcoming, start, end = booked.next_scheduled_start_time, booked.start_time, booked.end_time
    if kind is RUNNING:
        start = start or now
        run_count += counts
    if left is not None:
        if left.type is RUNNING:
            run_time += seconds_between(left.timestamp, now)
        elif left.type is SCHEDULED:
            upcoming = None
    if kind not in FINAL:
        end = None if left is not None and left.type in FINAL else end
    elif end is None:
        start, end = start or now, now
    return Bookkeeping(
        run_count=run_count,
        expected_start_time=booked.expected_start_time or due or now,
        next_scheduled_start_time=due or upcoming,
        start_time=start,
        end_time=end,
        total_run_time=run_time,
    )


def resuming_done(policy: FlowRunPolicy, entered: State) -> FlowRunPolicy:
    """*policy* without its mark of resuming, once the run has resumed or ended."""
    if policy.resuming and (entered.type is RUNNING or entered.type in FINAL):
        return structs.replace(policy, resuming=False)
    return policy
