"""What timers ask of the views: the children of a run, which the log does not list."""

from collections.abc import Mapping
from typing import Protocol

from events.entities import FlowRun, TaskRun
from events.queries import FlowRunQuery, TaskRunQuery


class Views(Protocol):
    """Read the SQL views; every answer may be behind the log by what `positions` shows."""

    async def flow_runs(self, query: FlowRunQuery) -> list[FlowRun]: ...

    async def task_runs(self, query: TaskRunQuery) -> list[TaskRun]: ...

    async def positions(self) -> Mapping[int, int]:
        """By partition, the position that all views have reached."""
        ...
