"""One module per view, one table per view, named alike."""

from .concurrency_limits import concurrency_limits
from .flow_run_history import flow_run_history
from .flow_run_states import flow_run_states
from .flow_runs import flow_runs
from .flows import flows
from .logs import logs
from .resources import resources
from .task_run_states import task_run_states
from .task_runs import task_runs

PROJECTIONS = (
    flows,
    flow_runs,
    flow_run_states,
    flow_run_history,
    task_runs,
    task_run_states,
    logs,
    resources,
    concurrency_limits,
)

__all__ = ["PROJECTIONS"]
