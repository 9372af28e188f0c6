"""Task runs: created, read, renamed, moved and deleted; engines record theirs by events."""

from ...http.operations import Operation
from . import creation, lists, one, workers

OPERATIONS: tuple[Operation, ...] = (
    *creation.OPERATIONS,
    *lists.OPERATIONS,
    *one.OPERATIONS,
    *workers.OPERATIONS,
)

__all__ = ["OPERATIONS"]
