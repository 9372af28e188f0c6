"""Deployments: what clients ask about them, in modules by what they ask."""

from ...http.operations import Operation
from . import bulk, lists, one, runs, schedules

OPERATIONS: tuple[Operation, ...] = (
    *runs.OPERATIONS,
    *lists.OPERATIONS,
    *bulk.OPERATIONS,
    *one.OPERATIONS,
    *schedules.OPERATIONS,
)

__all__ = ["OPERATIONS"]
