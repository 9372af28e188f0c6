"""Deployments: what clients ask about them, in modules by what they ask."""

from ...http.operations import Operation
from . import lists, one, runs, schedules

OPERATIONS: tuple[Operation, ...] = (
    *runs.OPERATIONS,
    *lists.OPERATIONS,
    *one.OPERATIONS,
    *schedules.OPERATIONS,
)

__all__ = ["OPERATIONS"]
