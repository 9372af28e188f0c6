"""Artifacts: one, and lists of them or of the newest of each key."""

from . import lists, one

OPERATIONS = (*lists.OPERATIONS, *one.OPERATIONS)

__all__ = ["OPERATIONS"]
