"""Every demand that a filter may make means something in SQL."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import pytest
from msgspec import structs

from events.queries import (
    ArtifactFilter,
    AutomationFilter,
    BlockDocumentFilter,
    BlockSchemaChecked,
    BlockTypeFilter,
    FlowFilter,
    FlowRunFilter,
    LogFilter,
    RelatedFilter,
    TaskRunFilter,
    VariableFilter,
    WorkerFilter,
    WorkPoolFilter,
    WorkQueueFilter,
)
from events.queries.criteria import Criterion
from events.queries.filters import DeploymentFilter
from events.resources.registry import KINDS
from projections.reads.criteria import Conditions
from projections.reads.demands import demanded, deployments_demanded, resources
from projections.reads.filters import (
    POOLED,
    QUEUED,
    flow_conditions,
    flow_run_conditions,
    flow_runs,
    flows,
    log_conditions,
    logs,
    task_run_conditions,
    task_runs,
)
from tests.support.examples import NOON


def _of(kind: str) -> Callable[[Criterion], Conditions]:
    return lambda demands: demanded(resources.c, demands, kind=KINDS[kind])


FILTERS: list[tuple[type[Criterion], Callable[[Any], Conditions]]] = [
    (FlowFilter, partial(flow_conditions, flows.c)),
    (FlowRunFilter, partial(flow_run_conditions, flow_runs.c)),
    (TaskRunFilter, partial(task_run_conditions, task_runs.c)),
    (LogFilter, partial(log_conditions, logs.c)),
    (DeploymentFilter, partial(deployments_demanded, resources.c)),
    (WorkPoolFilter, lambda demands: demanded(flow_runs.c, demands, POOLED)),
    (WorkQueueFilter, lambda demands: demanded(flow_runs.c, demands, QUEUED)),
    (WorkPoolFilter, _of("work_pool")),
    (WorkQueueFilter, _of("work_queue")),
    (WorkerFilter, _of("worker")),
    (ArtifactFilter, _of("artifact")),
    (AutomationFilter, _of("automation")),
    (RelatedFilter, _of("automation")),
    (VariableFilter, _of("variable")),
    (BlockTypeFilter, _of("block_type")),
    (BlockSchemaChecked, _of("block_schema")),
    (BlockDocumentFilter, _of("block_document")),
]
SAID: dict[str, Any] = {
    **{name: ["x"] for name in ("any_", "all_", "startswith_")},
    **dict.fromkeys(("like_", "text", "query"), "x"),
    **dict.fromkeys(("is_null_", "exists_", "eq_"), True),
    "before_": NOON,
    "ge_": 1,
}
"""Something that a criterion may say, by what it says it with."""


def _demands(filter: type[Criterion]) -> dict[str, Criterion]:
    """A criterion for each field of *filter*."""
    return {
        field.name: each(**said)
        for field in structs.fields(filter)
        for each in get_args(field.type)
        if isinstance(each, type) and issubclass(each, Criterion)
        for said in [{n: v for n, v in SAID.items() if n in each.__struct_fields__}]
    }


@pytest.mark.parametrize(("filter", "meaning"), FILTERS)
def test_every_demand_has_a_meaning(
    filter: type[Criterion], meaning: Callable[[Any], Conditions]
) -> None:
    demands = _demands(filter)
    assert demands
    for field, criterion in demands.items():
        only: dict[str, Any] = {**dict.fromkeys(demands), field: criterion}
        said = any(getattr(criterion, name) is not None for name in criterion.__struct_fields__)
        assert bool(meaning(filter(**only))) is said, field
