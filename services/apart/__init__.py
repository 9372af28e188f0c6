"""What strangers write to be computed is computed apart, in a process that ends when it takes long.

Templates, patterns, schemas that refer to themselves and recurrence rules can take any time and
memory by a few words, and nothing tells which will. So a child process with so much of both looks
at them; when that is not enough it ends, and the next question starts another one.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import convert, to_builtins

from events.resources.schedules import RRuleSchedule, Schedule

from ..rules.schedules import Limits, Plan, ScheduleInvalid, plan
from ..values import NotHydrated, NotValid, Problem, SchemaUnusable, is_rendered
from ..values import hydrated as hydrated_here
from .children import Child, Ended

_values, _forms = Child("values"), Child("forms")
"""Forms are asked by pages: whoever fills them in badly holds up no run."""

_schedules = Child("schedules")
"""Other deployments wait meanwhile to be planned."""

TOO_MUCH = "it takes too much time or memory"


async def hydrated(value: Any, variables: Mapping[str, Any]) -> Any:
    """What `values.hydrated` makes; what has no template is made here."""
    if not is_rendered(value):
        return hydrated_here(value, variables)
    answer = await _values.ask("hydrated", value, variables)
    if isinstance(answer, Ended):
        return NotHydrated(f"Invalid jinja: {TOO_MUCH}")
    return answer["made"] if "made" in answer else convert(answer["reason"], NotHydrated)


async def validated(
    value: Any, schema: Any, *, is_whole: bool = True
) -> NotValid | SchemaUnusable | None:
    """Why *value* does not fit *schema*, as `values.validated` finds."""
    answer = await _values.ask("validated", value, schema, is_whole)
    if isinstance(answer, Ended):
        return NotValid(f"Validation failed. Failure reason: {TOO_MUCH}")
    if "unusable" in answer:
        return convert(answer["unusable"], SchemaUnusable)
    return convert(answer["reason"], NotValid) if "reason" in answer else None


async def problems(
    values: Any, schema: Any, variables: Mapping[str, Any]
) -> list[Problem] | SchemaUnusable:
    """All that is wrong with *values*, as `values.problems` finds."""
    answer = await _forms.ask("problems", values, schema, variables)
    if isinstance(answer, Ended):
        return SchemaUnusable(TOO_MUCH)
    if "unusable" in answer:
        return convert(answer["unusable"], SchemaUnusable)
    return convert(answer["made"], list[Problem])


async def planned(schedule: Schedule, now: datetime, limits: Limits) -> Plan:
    """What `rules.schedules.plan` plans; a recurrence rule may be looked through without an end."""
    if not isinstance(schedule, RRuleSchedule):
        return await asyncio.to_thread(plan, schedule, now, limits)
    answer = await _schedules.ask("planned", *map(to_builtins, (schedule, now, limits)))
    if isinstance(answer, Ended):
        raise ScheduleInvalid(f"its dates cannot be found: {TOO_MUCH}")
    if "invalid" in answer:
        raise ScheduleInvalid(answer["invalid"])
    return convert(answer["made"], Plan)


__all__ = ["hydrated", "planned", "problems", "validated"]
