"""One table per view, named alike; views of flow runs and of task runs may share a module."""

from .concurrency_limits import concurrency_limits
from .flow_run_tags import flow_run_tags
from .flow_runs import flow_runs
from .flows import flows
from .history import flow_run_history, task_run_history
from .logs import logs
from .resources import resources
from .states import flow_run_states, task_run_states
from .task_runs import task_runs

PROJECTIONS = (
    flows,
    flow_runs,
    flow_run_tags,
    flow_run_states,
    flow_run_history,
    task_runs,
    task_run_states,
    task_run_history,
    logs,
    resources,
    concurrency_limits,
)

__all__ = ["PROJECTIONS"]
