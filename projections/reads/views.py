"""Views: everything that can be asked of the SQL views, answered off the event loop."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from events.changes import LogLine
from events.entities import Flow, FlowRun, TaskRun
from events.queries import (
    FlowQuery,
    FlowRunQuery,
    HistoryBucket,
    HistoryQuery,
    LogQuery,
    TaskRunQuery,
)
from events.states import State


class Views:
    """The views in one SQL database. Times are arguments: *now* is the instant of the question."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def flows(self, query: FlowQuery) -> list[Flow]:
        """A page of flows."""
        raise NotImplementedError

    async def count_flows(self, query: FlowQuery) -> int:
        """How many flows match; the page does not matter."""
        raise NotImplementedError

    async def flow_runs(self, query: FlowRunQuery) -> list[FlowRun]:
        """A page of flow runs."""
        raise NotImplementedError

    async def count_flow_runs(self, query: FlowRunQuery) -> int:
        """How many flow runs match; the page does not matter."""
        raise NotImplementedError

    async def lateness(self, query: FlowRunQuery, now: datetime) -> float | None:
        """The average lateness, in seconds, of the flow runs that match; None without any."""
        raise NotImplementedError

    async def flow_run_history(self, query: HistoryQuery, now: datetime) -> list[HistoryBucket]:
        """The flow runs in buckets of expected start time."""
        raise NotImplementedError

    async def flow_run_states(self, flow_run_id: UUID) -> list[State]:
        """The states that a flow run has been in, oldest first."""
        raise NotImplementedError

    async def flow_run_state(self, id: UUID) -> State | None:
        """One state of a flow run."""
        raise NotImplementedError

    async def task_runs(self, query: TaskRunQuery) -> list[TaskRun]:
        """A page of task runs."""
        raise NotImplementedError

    async def count_task_runs(self, query: TaskRunQuery) -> int:
        """How many task runs match; the page does not matter."""
        raise NotImplementedError

    async def task_run(self, id: UUID) -> TaskRun | None:
        """One task run."""
        raise NotImplementedError

    async def task_run_states(self, task_run_id: UUID) -> list[State]:
        """The states that a task run has been in, oldest first."""
        raise NotImplementedError

    async def task_run_state(self, id: UUID) -> State | None:
        """One state of a task run."""
        raise NotImplementedError

    async def logs(self, query: LogQuery) -> list[LogLine]:
        """A page of log lines."""
        raise NotImplementedError

    async def positions(self) -> dict[int, int]:
        """For each partition, the position that all views have reached."""
        raise NotImplementedError
