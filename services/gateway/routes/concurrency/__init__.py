"""Concurrency: limits and their slots, and the older form of limits on tags."""

from ...http.operations import Operation
from . import limits, slots, tags

OPERATIONS: tuple[Operation, ...] = (
    *slots.OPERATIONS,
    *limits.OPERATIONS,
    *tags.OPERATIONS,
)

__all__ = ["OPERATIONS"]
