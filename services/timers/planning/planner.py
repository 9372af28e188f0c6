"""The runs of a deployment's schedules are planned ahead; what a change makes wrong is unplanned.

`Planned` says for each schedule how its runs look, and until when they were planned. As long as
they would look the same, only runs after that are asked for. When its print changes, the
deployment was edited: runs of the old print that still wait are forgotten first. That the print
is kept before the runs are asked for, and the instant after they were, makes a planner that dies
in between leave no run that nobody knows of. One process at a time plans a deployment, or runs
that one of them asks for would outlive the edit that another has seen.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from events.entities import FlowRun
from events.instants import Clock, millis_of
from events.log import EventLog
from events.proposals import Proposal, UnscheduleFlowRun
from events.queries import FlowRunFilter, FlowRunQuery, FlowRunSort
from events.queries.criteria import NullableIdIs, StateIs, StateTypeIs, TextIs
from events.resources.deployments import Deployment
from events.resources.registry import resource_key
from events.resources.schedules import DeploymentSchedule
from events.states import StateType
from events.wire.snapshots import entity_of, fields_of

from ... import apart
from ...proposer import PIPELINE_MAX, Proposer
from ...rules.schedules import Limits, Plan, ScheduleInvalid, limited, print_of, run_on
from ..errands import Group
from ..following import views_have_followed
from ..timer import BY, Planning
from ..views import Views
from .planned import Planned, Plans

AWAITING_SLOT = "AwaitingConcurrencySlot"

_log = logging.getLogger(__name__)


class Planner:
    """Plans the runs of deployments; asks for *ask_max* of them at once."""

    def __init__(
        self,
        *,
        plans: Plans,
        log: EventLog,
        views: Views,
        proposer: Proposer,
        now: Clock,
        limits: Limits,
        ask_max: int = PIPELINE_MAX,
    ) -> None:
        self._plans = plans
        self._log = log
        self._views = views
        self._proposer = proposer
        self._now = now
        self._limits = limits
        self._ask_max = ask_max

    async def plan(self, group: Group[Planning]) -> list[int | None]:
        """Plan runs of these deployments; says for each when to plan again, if at all."""
        return [await self._plan_alone(timer) for _, timer in group]

    async def _plan_alone(self, timer: Planning) -> int | None:
        id, removed_ms = timer.deployment_id, timer.removed_ms
        async with self._plans.alone(id):
            if removed_ms is None:
                return await self._plan(id)
            await self._unschedule(id, lambda run: _was_there(run, removed_ms))
            await self._plans.keep(id, {})
            return None

    async def _plan(self, id: UUID) -> int | None:
        known, deployment = await self._plans.known(id), await self._deployment(id)
        if deployment is None:
            return None
        schedules = {
            each.id: each for each in deployment.schedules if each.active and not deployment.paused
        }
        prints = {each: print_of(deployment, schedule) for each, schedule in schedules.items()}
        wrong = {each for each, planned in known.items() if prints.get(each) != planned.print}
        if wrong:
            off, now = wrong - schedules.keys(), self._now()
            await self._unschedule(
                id, lambda run: _is_of(run, off) or (_is_of(run, wrong) and _is_to_come(run, now))
            )
        kept = {each: planned for each, planned in known.items() if each not in wrong}
        before = {each: kept.get(each, Planned(print)) for each, print in prints.items()}
        if before != known:
            await self._plans.keep(id, before)
        after, again = dict(before), list[datetime]()
        for each, schedule in schedules.items():
            made = await self._dates(deployment, schedule)
            if made is not None:
                until = await self._ask(deployment, schedule, made, before[each].until)
                after[each] = Planned(prints[each], until)
                again.append(made.again)
        if after != before:
            await self._plans.keep(id, after)
        return millis_of(min(again)) + 1 if again else None

    async def _dates(self, deployment: Deployment, schedule: DeploymentSchedule) -> Plan | None:
        """The plan; a rule that would be looked through to the end of time is broken too."""
        limits = limited(self._limits, schedule)
        try:
            return await apart.planned(schedule.schedule, self._now(), limits)
        except ScheduleInvalid as error:
            about = {"deployment": deployment.id, "schedule": schedule.id, "because": str(error)}
            _log.warning("schedule_broken", extra=about)
            return None

    async def _ask(
        self,
        deployment: Deployment,
        schedule: DeploymentSchedule,
        made: Plan,
        until: datetime,
    ) -> datetime:
        """Ask for the runs after *until*; the last date that is planned then."""
        now = self._now()
        asked = [run_on(date, deployment, schedule, now) for date in made.dates if date > until]
        await self._decided(asked)
        return max((until, *made.dates))

    async def _unschedule(self, id: UUID, is_meant: Callable[[FlowRun], bool]) -> None:
        """Forget the runs that still wait for their first start and are meant."""
        await views_have_followed(self._log, self._views)
        now, asked = self._now(), list[Proposal]()
        waiting = FlowRunFilter(
            deployment_id=NullableIdIs(any_=[id]),
            state=StateIs(
                type=StateTypeIs(any_=[StateType.SCHEDULED]), name=TextIs(not_any_=[AWAITING_SLOT])
            ),
        )
        offset = 0
        while page := await self._views.flow_runs(
            FlowRunQuery(flow_runs=waiting, sort=FlowRunSort.ID_DESC, offset=offset)
        ):
            offset += len(page)
            asked += [
                UnscheduleFlowRun(
                    id=f"unscheduled {run.attributes.id} {state.id}",
                    at=now,
                    by=BY,
                    flow_run_id=run.attributes.id,
                    state_id=state.id,
                )
                for run in page
                if (state := run.progress.state) is not None
                and not run.progress.booked.run_count
                and is_meant(run)
            ]
        await self._decided(asked)

    async def _decided(self, asked: Sequence[Proposal]) -> None:
        """Propose, and wait until all is decided."""
        for start in range(0, len(asked), self._ask_max):
            await self._proposer.propose_many(asked[start : start + self._ask_max])

    async def _deployment(self, id: UUID) -> Deployment | None:
        key = resource_key("deployment", id)
        streams = self._log.streams
        found = entity_of(key, await self._log.snapshots(streams.control, fields_of(key)))
        return found if isinstance(found, Deployment) else None


def _was_there(run: FlowRun, removed_ms: int) -> bool:
    """Whether *run* waited when its deployment was removed; nobody plans one after that."""
    state = run.progress.state
    entered_late = state is not None and millis_of(state.timestamp) > removed_ms
    return run.attributes.auto_scheduled or not entered_late


def _is_of(run: FlowRun, schedules: set[UUID]) -> bool:
    """Whether one of these schedules has made *run*."""
    about = run.attributes
    return (
        about.auto_scheduled and about.created_by is not None and about.created_by.id in schedules
    )


def _is_to_come(run: FlowRun, now: datetime) -> bool:
    """Whether *run* is not due yet; where a schedule is edited, who should have begun is late."""
    start = run.progress.booked.next_scheduled_start_time
    return start is None or start >= now
