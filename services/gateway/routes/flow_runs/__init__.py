"""Flow runs: created, read, amended, moved and deleted, one at a time or many."""

from ...http.operations import Operation
from . import bulk, creation, lists, one

OPERATIONS: tuple[Operation, ...] = (
    *one.OPERATIONS,
    *creation.OPERATIONS,
    *lists.OPERATIONS,
    *bulk.OPERATIONS,
)

__all__ = ["OPERATIONS"]
