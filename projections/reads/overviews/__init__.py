"""Overviews: counts and extremes of many runs, each in one statement."""

from .counts import counted_by_state, deployments_counted, ended_in_spans, task_runs_counted
from .observed import observed
from .upcoming import next_runs

__all__ = [
    "counted_by_state", "deployments_counted", "ended_in_spans", "next_runs", "observed",
    "task_runs_counted",
]  # fmt: skip
