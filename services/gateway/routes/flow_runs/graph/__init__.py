"""The graph of a flow run: its task runs and subflows, what they were given by each other."""

from . import dependencies, whole

OPERATIONS = (*dependencies.OPERATIONS, *whole.OPERATIONS)

__all__ = ["OPERATIONS"]
