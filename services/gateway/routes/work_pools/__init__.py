"""Work pools, their queues, workers and agents: what clients ask about them, by what they ask."""

from ...http.operations import Operation
from . import agents, polling, pools, queues, status, workers

OPERATIONS: tuple[Operation, ...] = (
    *polling.OPERATIONS,
    *pools.OPERATIONS,
    *queues.OPERATIONS,
    *status.OPERATIONS,
    *workers.OPERATIONS,
    *agents.OPERATIONS,
)

__all__ = ["OPERATIONS"]
