"""Routes: one module for each resource, each a table of operations over a few functions."""

from ..http.operations import Operation
from . import flow_run_creation, flow_run_lists, flow_runs, flows, logs, root, states, task_runs

OPERATIONS: tuple[Operation, ...] = (
    *flow_runs.OPERATIONS,
    *flow_run_creation.OPERATIONS,
    *flow_run_lists.OPERATIONS,
    *logs.OPERATIONS,
    *flows.OPERATIONS,
    *task_runs.OPERATIONS,
    *states.OPERATIONS,
    *root.OPERATIONS,
)
"""All operations; a request is matched in this order, so the busiest come first."""

__all__ = ["OPERATIONS"]
