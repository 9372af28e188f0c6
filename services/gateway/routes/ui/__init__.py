"""What pages show that people look at: counts, next runs, and what is wrong with a form."""

from ...http.operations import Operation
from . import flow_runs, flows, schemas, task_runs

OPERATIONS: tuple[Operation, ...] = (
    *flows.OPERATIONS,
    *flow_runs.OPERATIONS,
    *task_runs.OPERATIONS,
    *schemas.OPERATIONS,
)

__all__ = ["OPERATIONS"]
