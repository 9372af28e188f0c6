"""What the gateway asks of the views. Lists come from here; single runs come from snapshots."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Protocol, TypeVar
from uuid import UUID

from msgspec import structs

from events.changes import LogLine
from events.entities import Flow, FlowRun, TaskRun
from events.queries import (
    LIMIT_MAX,
    FlowQuery,
    FlowRunQuery,
    HistoryBucket,
    HistoryQuery,
    LimitQuery,
    LogQuery,
    Page,
    ResourceQuery,
    TaskRunQuery,
)
from events.queries.overviews import Counts, Ended, ObservedQuery, ObservedState
from events.queries.told import EventCount, EventCounts, EventQuery, EventsFound
from events.resources.resource import Resource
from events.states import State, StateType

Q = TypeVar("Q", bound=Page)
T = TypeVar("T")


class Views(Protocol):
    """Read the SQL views; every answer may be behind the log by what `positions` shows."""

    async def flows(self, query: FlowQuery) -> list[Flow]: ...

    async def count_flows(self, query: FlowQuery) -> int: ...

    async def flow_runs(self, query: FlowRunQuery) -> list[FlowRun]: ...

    async def count_flow_runs(self, query: FlowRunQuery) -> int: ...

    async def flow_run_states(self, flow_run_id: UUID) -> list[State]: ...

    async def flow_run_state(self, id: UUID) -> State | None: ...

    async def flow_run_history(self, query: HistoryQuery, now: datetime) -> list[HistoryBucket]: ...

    async def lateness(self, query: FlowRunQuery, now: datetime) -> float | None: ...

    async def task_runs(self, query: TaskRunQuery) -> list[TaskRun]: ...

    async def count_task_runs(self, query: TaskRunQuery) -> int: ...

    async def task_run_history(self, query: HistoryQuery, now: datetime) -> list[HistoryBucket]: ...

    async def task_run_ids(self, flow_run_id: UUID) -> list[UUID]:
        """The task runs of a flow run."""
        ...

    async def task_run_states(self, task_run_id: UUID) -> list[State]: ...

    async def task_run_state(self, id: UUID) -> State | None: ...

    async def resources(
        self, query: ResourceQuery, parent_id: UUID | None = None
    ) -> list[Resource]: ...

    async def count_resources(self, query: ResourceQuery, parent_id: UUID | None = None) -> int: ...

    async def count_deployments_of(self, flow_ids: Sequence[UUID]) -> Counts: ...

    async def count_task_runs_of(self, flow_run_ids: Sequence[UUID]) -> Counts: ...

    async def count_task_runs_by_state(self, query: TaskRunQuery) -> dict[StateType, int]: ...

    async def ended_task_runs(
        self, query: TaskRunQuery, start: datetime, end: datetime
    ) -> list[Ended]:
        """By when they started, in equal parts from *start* to *end*."""
        ...

    async def next_runs(self, flow_ids: Sequence[UUID]) -> dict[UUID, FlowRun | None]:
        """The run of each of these flows that is to start first."""
        ...

    async def observed_states(self, query: ObservedQuery) -> list[ObservedState]: ...

    async def concurrency_limits(self, query: LimitQuery) -> list[UUID]:
        """Their ids, by name."""
        ...

    async def logs(self, query: LogQuery) -> list[LogLine]: ...

    async def events(self, query: EventQuery) -> EventsFound: ...

    async def count_events(self, query: EventCounts) -> list[EventCount]: ...

    async def told(self) -> str:
        """How far the view of events is in the stream of what is told."""
        ...

    async def positions(self) -> Mapping[int, int]:
        """By partition, the position that all views have reached."""
        ...


async def everything(
    ask: Callable[[Q], Awaitable[Sequence[T]]], query: Q, most: float = inf
) -> AsyncIterator[T]:
    """What *query* asks for, page after page, until there is no more or it is *most*."""
    offset = 0
    while offset < most:
        page = await ask(structs.replace(query, offset=offset))
        for each in page:
            yield each
        if len(page) < LIMIT_MAX:
            return
        offset += len(page)
