"""Events: told in batches, found in pages, and counted."""

from . import counting, finding, telling

OPERATIONS = (*telling.OPERATIONS, *finding.OPERATIONS, *counting.OPERATIONS)

__all__ = ["OPERATIONS"]
