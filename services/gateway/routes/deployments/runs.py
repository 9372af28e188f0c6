"""Runs of deployments: made on request, and handed to whoever serves their deployments."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.changes import FlowRunCreated
from events.identity import flow_run_id_of
from events.policies import FlowRunPolicy
from events.proposals import CreateFlowRun
from events.queries import FlowRunFilter, FlowRunQuery, FlowRunSort
from events.queries.criteria import InstantIs, NullableIdIs, StateIs, StateTypeIs, utc
from events.resources.deployments import Deployment
from events.resources.work_pools import WorkPool
from events.states import ProposedState, StateType

from .... import apart
from ....rules.schedules import Limits, ScheduleInvalid, limited, run_on
from ... import resources
from ...context import Context, existing
from ...http.calls import Call
from ...http.errors import Reply, answered, detail
from ...http.operations import Operation
from ...parameters import bound, made, misfit, problem
from ...places import place
from ...rendering.runs import FlowRunResponse, flow_run_response
from ..bodies import Labels
from ..flow_runs.creation import parent_of
from ..pages import sized
from . import one

POLLED_ANEW = timedelta(seconds=30)
"""That a deployment, a queue or an agent polls is noted when the last time is as long ago."""


def was_lately(last: datetime | None, now: datetime) -> bool:
    """Whether what was noted at *last* need not be noted again."""
    return last is not None and now - last < POLLED_ANEW


AHEAD_MAX = timedelta(days=366)
"""How far ahead a schedule is looked through on request."""


class DeploymentFlowRunCreate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run of a deployment to create; it has the deployment's parameters and tags besides."""

    state: ProposedState | None = None
    name: str | None = None
    parameters: dict[str, Any] = {}
    enforce_parameter_schema: bool | None = None
    context: dict[str, Any] = {}
    infrastructure_document_id: UUID | None = None
    empirical_policy: FlowRunPolicy = FlowRunPolicy()
    tags: list[str] = []
    idempotency_key: str | None = None
    labels: Labels | None = None
    parent_task_run_id: UUID | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] | None = {}


class ScheduledRunsAsked(Struct, frozen=True, kw_only=True):
    """Whose runs are wanted, and until when they are due."""

    deployment_ids: list[UUID]
    scheduled_before: datetime | None = None
    limit: int | None = None


async def create_flow_run(context: Context, call: Call) -> Reply:
    """Create a run of a deployment, or find the one that its key has made before: 201 or 200."""
    given = call.as_a(DeploymentFlowRunCreate)
    deployment = await resources.existing(context, Deployment, call.id)
    pool = await pool_asked(context, deployment, [given])
    answer = await context.ask(await creation(context, deployment, given, pool))
    decision = answer.decided()
    is_new = any(isinstance(each, FlowRunCreated) for each in decision.changes)
    run = existing(await context.flow_run(decision.subject_id))
    return answered(flow_run_response(run, context.now()), 201 if is_new else 200)


async def pool_asked(
    context: Context, deployment: Deployment, given: Sequence[DeploymentFlowRunCreate]
) -> WorkPool | None:
    """The pool whose job template the runs *given* are to fit; None without job variables."""
    if deployment.work_pool_id is None:
        return None
    if not deployment.job_variables and not any(each.job_variables for each in given):
        return None
    return await context.resource(WorkPool, deployment.work_pool_id)


async def creation(
    context: Context,
    deployment: Deployment,
    given: DeploymentFlowRunCreate,
    pool: WorkPool | None,
) -> CreateFlowRun:
    """The proposal of a run as it is *given*; raises `Refused` when there can be no such run.

    Whoever asks, it is created as a client of today would have it. The *pool* is `pool_asked`.
    """
    bound(context, given.parameters)
    key = given.idempotency_key
    id = context.new_id() if key is None else flow_run_id_of(deployment.flow_id, key)
    queue = await _queue(context, deployment, given.work_queue_name)
    parameters = await _parameters(context, deployment, given)
    variables = {**deployment.job_variables, **(given.job_variables or {})}
    wrong = await misfit(variables, pool) if variables else None
    if wrong is not None:
        raise detail(422, f"Error creating flow run: {wrong}")
    return CreateFlowRun(
        id=str(context.new_id()),
        at=context.now(),
        flow_run_id=id,
        flow_id=deployment.flow_id,
        name=given.name or None,
        state=given.state or ProposedState(type=StateType.SCHEDULED, name="Scheduled"),
        deployment_id=deployment.id,
        deployment_version=deployment.version,
        **queue,
        parameters=parameters,
        idempotency_key=key,
        context=given.context,
        empirical_policy=given.empirical_policy,
        tags=sorted({*deployment.tags, *given.tags}),
        labels={
            **deployment.labels,
            "prefect.flow.id": str(deployment.flow_id),
            "prefect.deployment.id": str(deployment.id),
            **(given.labels or {}),
        },
        parent_task_run_id=given.parent_task_run_id,
        parent_flow_run_id=await parent_of(context, given.parent_task_run_id, id),
        infrastructure_document_id=(
            given.infrastructure_document_id or deployment.infrastructure_document_id
        ),
        job_variables={} if key is None and given.job_variables is None else given.job_variables,
    )


async def _queue(context: Context, deployment: Deployment, name: str | None) -> dict[str, Any]:
    """Where the run waits: in a queue of the deployment's pool, its own unless one is named."""
    if name is not None and deployment.work_pool_name is None:
        raise detail(
            400,
            f"Cannot create flow run in work queue {name} because deployment {deployment.id} is"
            " not associated with a work pool. Please remove work_pool_name and try again.",
        )
    found = None if name is None else await place(context, deployment.work_pool_name, name)
    if found is not None:
        return one.placed(found)
    return {
        "work_pool_id": deployment.work_pool_id,
        "work_pool_name": deployment.work_pool_name,
        "work_queue_id": deployment.work_queue_id,
        "work_queue_name": deployment.work_queue_name,
    }


async def _parameters(
    context: Context, deployment: Deployment, given: DeploymentFlowRunCreate
) -> dict[str, Any]:
    values = await made(context.variables, {**deployment.parameters, **given.parameters})
    is_enforced = given.enforce_parameter_schema
    if is_enforced is None:
        is_enforced = deployment.enforce_parameter_schema
    schema = deployment.parameter_openapi_schema if is_enforced else None
    wrong = await problem(values, schema)
    if wrong is not None:
        raise detail(409, f"Error creating flow run: {wrong}")
    return values


async def scheduled_flow_runs(context: Context, call: Call) -> Reply:
    """The runs of some deployments that are scheduled, the earliest first."""
    asked = call.as_a(ScheduledRunsAsked)
    query = FlowRunQuery(
        flow_runs=FlowRunFilter(
            deployment_id=NullableIdIs(any_=asked.deployment_ids),
            state=StateIs(type=StateTypeIs(any_=[StateType.SCHEDULED])),
            next_scheduled_start_time=InstantIs(before_=asked.scheduled_before),
        ),
        sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC,
        limit=sized(asked.limit),
    )
    await context.writes.are_visible()
    runs, now = await context.views.flow_runs(query), context.now()
    await asyncio.gather(*(polled(context, id) for id in dict.fromkeys(asked.deployment_ids)))
    return answered([flow_run_response(run, now) for run in runs])


class ScheduleAsked(Struct, frozen=True, kw_only=True):
    """Which dates to plan: from *start_time* to *end_time*, so many, and as far as *min_time*."""

    start_time: datetime | None = None
    end_time: datetime | None = None
    min_time: float | None = None
    min_runs: int | None = None
    max_runs: int | None = None

    def limits(self, start: datetime) -> Limits:
        """The same as limits on a plan that begins at *start*."""
        usual = Limits()
        last = usual.max_scheduled_time
        if self.end_time is not None:
            last = min(max(utc(self.end_time) - start, timedelta()), AHEAD_MAX)
        least = usual.min_scheduled_time
        if self.min_time is not None:
            least = timedelta(seconds=min(max(self.min_time, 0), last.total_seconds()))
        most = usual.max_runs if self.max_runs is None else min(self.max_runs, usual.max_runs)
        return Limits(
            min_runs=usual.min_runs if self.min_runs is None else self.min_runs,
            max_runs=most,
            min_scheduled_time=least,
            max_scheduled_time=last,
        )


async def schedule_deployment(context: Context, call: Call) -> Reply:
    """Plan runs of a deployment's schedules now; those that are planned already stay."""
    asked = call.as_query(ScheduleAsked)
    deployment, now = await context.resource(Deployment, call.id), context.now()
    if deployment is None:
        return answered(None)
    start = now if asked.start_time is None else utc(asked.start_time)
    for schedule in deployment.schedules:
        if schedule.active:
            limits = limited(asked.limits(start), schedule)
            try:
                made = await apart.planned(schedule.schedule, start, limits)
            except (ScheduleInvalid, ArithmeticError):  # it may start at the end of time
                continue
            runs = (run_on(date, deployment, schedule, now) for date in made.dates)
            await asyncio.gather(*(context.propose(run) for run in runs))
    return answered(None)


async def polled(context: Context, deployment_id: UUID) -> None:
    """Note that somebody serves the deployment, unless that is known."""
    now = context.now()

    def served(deployment: Deployment) -> dict[str, Any]:
        if deployment.status == "READY" and was_lately(deployment.last_polled, now):
            return {}
        return {"status": "READY", "last_polled": now}

    await resources.change(context, Deployment, deployment_id, served)


OPERATIONS = (
    Operation(method="POST", path="/deployments/{id:uuid}/create_flow_run",
              handler=create_flow_run, summary="Create Flow Run From Deployment",
              tag="Deployments", takes=DeploymentFlowRunCreate, gives=FlowRunResponse,
              statuses=(201, 200)),
    Operation(method="POST", path="/deployments/get_scheduled_flow_runs",
              handler=scheduled_flow_runs, summary="Get Scheduled Flow Runs For Deployments",
              tag="Deployments", takes=ScheduledRunsAsked, gives=list[FlowRunResponse]),
    Operation(method="POST", path="/deployments/{id:uuid}/schedule",
              handler=schedule_deployment, summary="Schedule Deployment", tag="Deployments",
              takes=ScheduleAsked),
)  # fmt: skip
