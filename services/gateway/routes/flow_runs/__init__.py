"""Flow runs: created, read, amended, moved and deleted, one at a time or many."""

from ...http.operations import Operation
from . import bulk, creation, inputs, lists, one, resuming

OPERATIONS: tuple[Operation, ...] = (
    *one.OPERATIONS,
    *creation.OPERATIONS,
    *lists.OPERATIONS,
    *resuming.OPERATIONS,
    *inputs.OPERATIONS,
    *bulk.OPERATIONS,
)

__all__ = ["OPERATIONS"]
