"""Work pools, their queues and workers: what clients ask about them, by what they ask."""

from ...http.operations import Operation
from . import polling, pools, queues, status, workers

OPERATIONS: tuple[Operation, ...] = (
    *polling.OPERATIONS,
    *pools.OPERATIONS,
    *queues.OPERATIONS,
    *status.OPERATIONS,
    *workers.OPERATIONS,
)

__all__ = ["OPERATIONS"]
