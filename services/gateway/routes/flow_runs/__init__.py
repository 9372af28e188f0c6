"""Flow runs: created, read, amended, moved and deleted, one at a time or many."""

from ...http.operations import Operation
from . import bulk, creation, graph, inputs, lists, logs, one, resuming

OPERATIONS: tuple[Operation, ...] = (
    *one.OPERATIONS,
    *creation.OPERATIONS,
    *lists.OPERATIONS,
    *resuming.OPERATIONS,
    *inputs.OPERATIONS,
    *bulk.OPERATIONS,
    *graph.OPERATIONS,
    *logs.OPERATIONS,
)

__all__ = ["OPERATIONS"]
