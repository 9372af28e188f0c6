"""Flows: registered, found and changed one by one; listed and deleted many at a time."""

from . import bulk, lists, one

OPERATIONS = (*one.OPERATIONS, *lists.OPERATIONS, *bulk.OPERATIONS)

__all__ = ["OPERATIONS"]
