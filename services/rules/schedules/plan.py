"""What is planned of a schedule now: its next dates, and when there will be too few of them."""

from datetime import datetime, timedelta
from hashlib import blake2b

from msgspec import Struct, json, structs

from events.entities import CreatedBy
from events.identity import flow_run_id_of
from events.instants import EPOCH
from events.proposals import CreateFlowRun
from events.resources.deployments import Deployment
from events.resources.schedules import DeploymentSchedule, Schedule
from events.states.constructors import Scheduled

from .dates import dates

AUTO_SCHEDULED = "auto-scheduled"
"""The tag of runs that nobody asked for."""

MESSAGE = "Flow run scheduled"

AN_HOUR = timedelta(hours=1)
"""When a schedule is looked at again that has hardly a date in all the time that is planned."""

SOON = timedelta(seconds=1)
JUST = timedelta(milliseconds=1)


class Limits(Struct, frozen=True, kw_only=True):
    """How far ahead runs are planned: at least so many and so long, at most so many and so long."""

    min_runs: int = 3
    max_runs: int = 100
    min_scheduled_time: timedelta = timedelta(hours=1)
    max_scheduled_time: timedelta = timedelta(days=100)


class Plan(Struct, frozen=True):
    """The dates at which runs begin, and the instant at which to plan again."""

    dates: tuple[datetime, ...]
    again: datetime


def plan(schedule: Schedule, now: datetime, limits: Limits) -> Plan:
    """The dates of *schedule* from *now* on, no more than *limits* ask for. ScheduleInvalid."""
    found: list[datetime] = []
    enough = now + limits.min_scheduled_time
    for date in dates(schedule, now, now + limits.max_scheduled_time):
        if len(found) >= limits.max_runs:
            break
        found.append(date)
        if len(found) >= limits.min_runs and date >= enough:
            break
    return Plan(tuple(found), max(now + SOON, _too_few(found, now, limits)))


def _too_few(found: list[datetime], now: datetime, limits: Limits) -> datetime:
    """When fewer than the least number of dates, or of seconds, will be left."""
    if len(found) < max(1, limits.min_runs):
        return now + AN_HOUR
    few = found[-max(1, limits.min_runs)]
    if found[-1] < now + limits.min_scheduled_time:
        # as many as there may be, and still they do not reach: half of them may pass
        return found[len(found) // 2]
    return min(few, found[-1] - limits.min_scheduled_time) + JUST


def run_on(
    date: datetime, deployment: Deployment, schedule: DeploymentSchedule, now: datetime
) -> CreateFlowRun:
    """The proposal of the run of *schedule* that begins on *date*; each date has one id."""
    key = f"scheduled {deployment.id} {schedule.id} {date}"
    id = flow_run_id_of(deployment.flow_id, key)
    kind = type(schedule.schedule).__name__
    return CreateFlowRun(
        id=f"scheduled {id}",
        at=now,
        by="timers",
        flow_run_id=id,
        flow_id=deployment.flow_id,
        state=Scheduled(date, message=MESSAGE),
        deployment_id=deployment.id,
        deployment_version=deployment.version,
        work_queue_id=deployment.work_queue_id,
        work_queue_name=deployment.work_queue_name,
        work_pool_id=deployment.work_pool_id,
        work_pool_name=deployment.work_pool_name,
        parameters={**deployment.parameters, **schedule.parameters},
        idempotency_key=key,
        tags=list(dict.fromkeys((AUTO_SCHEDULED, *deployment.tags))),
        labels={
            **deployment.labels,
            "prefect.flow.id": str(deployment.flow_id),
            "prefect.deployment.id": str(deployment.id),
        },
        auto_scheduled=True,
        infrastructure_document_id=deployment.infrastructure_document_id,
        created_by=CreatedBy(id=schedule.id, type="SCHEDULE", display_value=schedule.slug or kind),
    )


def print_of(deployment: Deployment, schedule: DeploymentSchedule) -> str:
    """What differs whenever the runs that *schedule* leads to would."""
    run = run_on(EPOCH, deployment, schedule, EPOCH)
    said = json.encode((run, schedule.schedule, schedule.max_scheduled_runs), order="deterministic")
    return blake2b(said, digest_size=12).hexdigest()


def limited(limits: Limits, schedule: DeploymentSchedule) -> Limits:
    """*limits* for a schedule that may have one of its own."""
    own = schedule.max_scheduled_runs
    return limits if own is None else structs.replace(limits, max_runs=min(own, limits.max_runs))
