"""The schedules of a deployment, one at a time and as they come with its changes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, structs

from events.resources.deployments import Deployment
from events.resources.schedules import DeploymentSchedule

from ...context import Context
from ...http.calls import Call
from ...http.errors import CONFLICT, NO_CONTENT, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.deployments import ScheduleResponse, newest_first, schedule_response
from ...resources import change
from .bodies import ScheduleCreate, ScheduleUpdate

Schedules = list[DeploymentSchedule]

NO_DEPLOYMENT = "Deployment not found."
NO_SCHEDULE = "Schedule not found."
NO_SLUGS = (
    "Please provide a slug for each schedule in your request to ensure schedules are updated"
    " correctly."
)
NO_TIMES = "Unable to create new deployment schedules without a schedule configuration."


async def read_schedules(context: Context, call: Call) -> Reply:
    """The schedules of a deployment."""
    deployment = await context.resource(Deployment, call.id)
    if deployment is None:
        raise detail(404, NO_DEPLOYMENT)
    return answered([schedule_response(each, call.id) for each in newest_first(deployment)])


async def create_schedules(context: Context, call: Call) -> Reply:
    """Add schedules to a deployment, some in the place of others."""
    given = call.as_a(list[ScheduleCreate])
    added = new_schedules(context, given)
    replaced = {each.replaces for each in given if each.replaces is not None}

    def with_added(before: Schedules) -> Schedules:
        return distinct([*(each for each in before if each.slug not in replaced), *added])

    await _change(context, call.id, with_added)
    return answered([schedule_response(each, call.id) for each in added], 201)


async def update_schedule(context: Context, call: Call) -> Reply:
    """Change a schedule."""
    given, id, now = call.as_a(ScheduleUpdate), _schedule_id(call), context.now()

    def with_changed(before: Schedules) -> Schedules:
        _assert_there(before, id)
        return distinct([updated(one, given, now) if one.id == id else one for one in before])

    await _change(context, call.id, with_changed)
    return NO_CONTENT


async def delete_schedule(context: Context, call: Call) -> Reply:
    """Remove a schedule from a deployment."""
    id = _schedule_id(call)

    def without(before: Schedules) -> Schedules:
        _assert_there(before, id)
        return [one for one in before if one.id != id]

    await _change(context, call.id, without)
    return NO_CONTENT


def new_schedules(context: Context, given: Sequence[ScheduleCreate]) -> Schedules:
    """Schedules as they are stored; raises `Refused` with a 409 when two have one slug."""
    now = context.now()
    return distinct(
        [
            DeploymentSchedule(
                id=context.new_id(),
                created=now,
                updated=now,
                schedule=each.schedule.schedule(now),
                active=each.active,
                max_scheduled_runs=each.max_scheduled_runs,
                parameters=each.parameters,
                slug=each.slug,
            )
            for each in given
        ]
    )


def revised(context: Context, before: Schedules, given: Sequence[ScheduleUpdate]) -> Schedules:
    """The schedules of a deployment that is to have those *given*, which are found by their slugs.

    Where one has no slug the given take the place of all. None given changes nothing.
    """
    if not given:
        return before
    now = context.now()
    if not before or not all(one.slug for one in before):
        return distinct([made for each in given if (made := _made(context, each)) is not None])
    if not all(each.slug for each in given):
        raise detail(422, NO_SLUGS)
    known = {one.slug: one for one in before}
    after: Schedules = []
    for each in given:
        there = known.get(None if each.slug is UNSET else each.slug)
        one = _made(context, each) if there is None else updated(there, each, now)
        if one is None:
            raise detail(422, NO_TIMES)
        after.append(one)
    return distinct(after)


def updated(one: DeploymentSchedule, given: ScheduleUpdate, now: datetime) -> DeploymentSchedule:
    """*one* with what is given of it."""
    fields: dict[str, Any] = {"max_scheduled_runs": given.max_scheduled_runs, "slug": given.slug}
    fields["parameters"] = given.parameters
    fields["active"] = UNSET if given.active is None else given.active
    if given.schedule is not UNSET and given.schedule is not None:
        fields["schedule"] = given.schedule.schedule(now)
    named = {name: value for name, value in fields.items() if value is not UNSET}
    return structs.replace(one, updated=now, **named)


def distinct(schedules: Schedules) -> Schedules:
    """*schedules*, no two of which have one slug; raises `Refused` with a 409."""
    slugs = [each.slug for each in schedules if each.slug is not None]
    if len(slugs) != len(set(slugs)):
        raise detail(409, CONFLICT)
    return schedules


def _made(context: Context, given: ScheduleUpdate) -> DeploymentSchedule | None:
    if given.schedule is UNSET or given.schedule is None:
        return None
    now = context.now()
    made = given.schedule.schedule(now)
    blank = DeploymentSchedule(id=context.new_id(), created=now, updated=now, schedule=made)
    return updated(blank, given, now)


async def _change(
    context: Context, deployment_id: UUID, after: Callable[[Schedules], Schedules]
) -> None:
    is_there = await change(
        context, Deployment, deployment_id, lambda one: {"schedules": after(one.schedules)}
    )
    if not is_there:
        raise detail(404, NO_DEPLOYMENT)


def _assert_there(schedules: Schedules, id: UUID) -> None:
    if not any(one.id == id for one in schedules):
        raise detail(404, NO_SCHEDULE)


def _schedule_id(call: Call) -> UUID:
    return call.scope["path_params"]["schedule_id"]


def _route(method: str, path: str, handler: Any, summary: str, **more: Any) -> Operation:
    at = f"/deployments/{{id:uuid}}/schedules{path}"
    return Operation(
        method=method, path=at, handler=handler, summary=summary, tag="Deployments", **more
    )


OPERATIONS = (
    _route("GET", "", read_schedules, "Read Deployment Schedules", gives=list[ScheduleResponse]),
    _route("POST", "", create_schedules, "Create Deployment Schedules",
           takes=list[ScheduleCreate], gives=list[ScheduleResponse], statuses=(201,)),
    _route("PATCH", "/{schedule_id:uuid}", update_schedule, "Update Deployment Schedule",
           takes=ScheduleUpdate, statuses=(204,)),
    _route("DELETE", "/{schedule_id:uuid}", delete_schedule, "Delete Deployment Schedule",
           statuses=(204,)),
)  # fmt: skip
