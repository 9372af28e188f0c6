"""Deployments: what clients ask about them, in modules by what they ask."""

from ...http.operations import Operation
from . import lists, one

OPERATIONS: tuple[Operation, ...] = (*lists.OPERATIONS, *one.OPERATIONS)

__all__ = ["OPERATIONS"]
