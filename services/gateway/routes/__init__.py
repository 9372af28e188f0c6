"""Routes: one module for each resource, each a table of operations over a few functions."""

from ..http.operations import Operation
from . import (
    administration,
    artifacts,
    automations,
    blocks,
    concurrency,
    deployments,
    events,
    flow_runs,
    flows,
    logs,
    notification_policies,
    root,
    saved_searches,
    states,
    task_runs,
    ui,
    variables,
    work_pools,
)

OPERATIONS: tuple[Operation, ...] = (
    *flow_runs.OPERATIONS,
    *logs.OPERATIONS,
    *flows.OPERATIONS,
    *concurrency.OPERATIONS,
    *task_runs.OPERATIONS,
    *deployments.OPERATIONS,
    *work_pools.OPERATIONS,
    *states.OPERATIONS,
    *events.OPERATIONS,
    *variables.OPERATIONS,
    *blocks.OPERATIONS,
    *administration.OPERATIONS,
    *artifacts.OPERATIONS,
    *automations.OPERATIONS,
    *saved_searches.OPERATIONS,
    *notification_policies.OPERATIONS,
    *ui.OPERATIONS,
    *root.OPERATIONS,
)
"""All operations; a request is matched in this order, so the busiest come first."""

__all__ = ["OPERATIONS"]
