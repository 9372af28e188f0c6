"""Views: everything that can be asked of the SQL views, answered off the event loop."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine, Select, Table, func, select
from sqlalchemy.exc import DBAPIError

from events.changes import LogLine
from events.entities import Flow, FlowRun, TaskRun
from events.queries import (
    FlowQuery,
    FlowRunQuery,
    HistoryBucket,
    HistoryQuery,
    LimitQuery,
    LogQuery,
    ResourceQuery,
    TaskRunQuery,
)
from events.queries.overviews import Counts, Ended, ObservedQuery, ObservedState
from events.queries.queries import Page
from events.queries.told import EventCount, EventCounts, EventQuery, EventsFound
from events.resources.resource import Resource
from events.states import State, StateType

from ..store import checkpoints, projections_table
from ..told import place_of
from ..views.concurrency_limits import concurrency_limits as concurrency_limits_view
from ..views.states import flow_run_states, task_run_states
from .criteria import Columns, Conditions
from .entities import flow_of, flow_run_of, log_line_of, state_of, task_run_of
from .estimates import lateness
from .filters import (
    flow_runs,
    flow_runs_matching,
    flows,
    flows_matching,
    log_conditions,
    logs,
    task_runs,
    task_runs_matching,
)
from .history import FLOW_RUNS, TASK_RUNS, history
from .lists import flow_runs_count, flow_runs_page
from .overviews import (
    counted_by_state,
    deployments_counted,
    ended_in_spans,
    next_runs,
    observed,
    task_runs_counted,
)
from .resources import resource_of, resources, resources_matching, resources_order
from .sorts import Order, flow_order, log_order, task_run_order
from .told import events_counted, events_found

T = TypeVar("T")

READERS_MAX = 8
"""Questions answered at once; more would only wait for each other."""

concurrency_limits = concurrency_limits_view.table(concurrency_limits_view.name)
_flow_run_states = flow_run_states.table(flow_run_states.name)
_task_run_states = task_run_states.table(task_run_states.name)


ABSENT = "the views are not there yet: the first projector makes them"
OUTDATED = "the views were made by another version of this program: run `headgate rebuild`"
UNDEFINED = {"42P01": ABSENT, "42703": OUTDATED}
"""What PostgreSQL says of a table and of a column that are not there."""


class ViewsAbsent(Exception):
    """No projector of this version has been at the database yet; ask again when one has."""


def _why_absent(error: DBAPIError) -> str | None:
    said = str(error.orig)
    if said.startswith(("no such table", "no such column")):
        return ABSENT if said.startswith("no such table") else OUTDATED
    return UNDEFINED.get(getattr(error.orig, "sqlstate", ""))


def _page(table: Table, query: Page, conditions: Conditions, order: Order) -> Select[Any]:
    return select(table).where(*conditions).order_by(*order).limit(query.size).offset(query.skipped)


def _count(table: Table, conditions: Conditions) -> Select[int]:
    return select(func.count()).select_from(table).where(*conditions)


def _first(query: Select[Any], c: Columns) -> Select[Any]:
    """The row of the lowest partition: rows of one id have an order."""
    return query.order_by(c.partition).limit(1)


class Views:
    """The views in one SQL database. Times are arguments: *now* is the instant of the question."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        if engine.dialect.name == "postgresql":
            # all statements of an answer see the same instant, as they do in SQLite
            self._engine = engine.execution_options(isolation_level="REPEATABLE READ")
        self._limiter = CapacityLimiter(READERS_MAX)

    async def _ask(self, question: Callable[[Connection], T]) -> T:
        def answer() -> T:
            try:
                with self._engine.connect() as connection:
                    return question(connection)
            except DBAPIError as error:
                if why := _why_absent(error):
                    raise ViewsAbsent(why) from error
                raise

        return await to_thread.run_sync(answer, limiter=self._limiter)

    async def _all(self, query: Select[Any], entity: Callable[[Any], T]) -> list[T]:
        return await self._ask(lambda ask: [entity(row) for row in ask.execute(query)])

    async def _scalar(self, query: Select[Any]) -> Any:
        return await self._ask(lambda ask: ask.scalar(query))

    async def flows(self, query: FlowQuery) -> list[Flow]:
        """A page of flows."""
        matching = flows_matching(flows.c, query)
        return await self._all(
            _page(flows, query, matching, flow_order(flows.c, query.sort)), flow_of
        )

    async def count_flows(self, query: FlowQuery) -> int:
        """How many flows match; the page does not matter."""
        return await self._scalar(_count(flows, flows_matching(flows.c, query)))

    async def flow_runs(self, query: FlowRunQuery) -> list[FlowRun]:
        """A page of flow runs."""
        return await self._ask(
            lambda ask: [flow_run_of(row) for row in ask.execute(flow_runs_page(ask, query))]
        )

    async def count_flow_runs(self, query: FlowRunQuery) -> int:
        """How many flow runs match; the page does not matter."""
        return await self._ask(lambda ask: ask.scalar(flow_runs_count(ask, query)) or 0)

    async def lateness(self, query: FlowRunQuery, now: datetime) -> float | None:
        """The average lateness, in seconds, of the flow runs that match; None without any."""
        c = flow_runs.c
        sums = select(func.count(), func.sum(lateness(c, now)))
        found = await self._ask(
            lambda ask: ask.execute(sums.where(*flow_runs_matching(c, query))).one()
        )
        runs, late = found
        return int(late) / runs / 1_000_000 if runs else None

    async def flow_run_history(self, query: HistoryQuery, now: datetime) -> list[HistoryBucket]:
        """The flow runs in buckets of expected start time."""
        return await self._ask(lambda ask: history(ask, FLOW_RUNS, query, now))

    async def flow_run_states(self, flow_run_id: UUID) -> list[State]:
        """The states that a flow run has been in, oldest first."""
        return await self._states(_flow_run_states, flow_run_id)

    async def flow_run_state(self, id: UUID) -> State | None:
        """One state of a flow run."""
        return await self._state(_flow_run_states, id)

    async def task_runs(self, query: TaskRunQuery) -> list[TaskRun]:
        """A page of task runs."""
        matching, order = task_runs_matching(task_runs.c, query), task_run_order
        page = _page(task_runs, query, matching, order(task_runs.c, query.sort))
        return await self._all(page, task_run_of)

    async def count_task_runs(self, query: TaskRunQuery) -> int:
        """How many task runs match; the page does not matter."""
        return await self._scalar(_count(task_runs, task_runs_matching(task_runs.c, query)))

    async def task_run(self, id: UUID) -> TaskRun | None:
        """One task run; of several with one id, that of the lowest partition."""
        c = task_runs.c
        found = await self._all(_first(select(task_runs).where(c.id == id), c), task_run_of)
        return found[0] if found else None

    async def task_run_history(self, query: HistoryQuery, now: datetime) -> list[HistoryBucket]:
        """The task runs in buckets of expected start time."""
        return await self._ask(lambda ask: history(ask, TASK_RUNS, query, now))

    async def task_run_ids(self, flow_run_id: UUID) -> list[UUID]:
        """The ids of a flow run's task runs, all of them."""
        c = task_runs.c
        return await self._all(select(c.id).where(c.flow_run_id == flow_run_id), lambda row: row.id)

    async def task_run_states(self, task_run_id: UUID) -> list[State]:
        """The states that a task run has been in, oldest first."""
        return await self._states(_task_run_states, task_run_id)

    async def task_run_state(self, id: UUID) -> State | None:
        """One state of a task run."""
        return await self._state(_task_run_states, id)

    async def _states(self, table: Table, run_id: UUID) -> list[State]:
        c = table.c
        order = (c.timestamp, c.partition, c.position, c.id)
        query = select(c.state).where(c.run_id == run_id).order_by(*order)
        return await self._all(query, lambda row: state_of(row.state))

    async def _state(self, table: Table, id: UUID) -> State | None:
        c = table.c
        text = await self._scalar(_first(select(c.state).where(c.id == id), c))
        return None if text is None else state_of(text)

    async def count_deployments_of(self, flow_ids: Sequence[UUID]) -> Counts:
        """How many deployments each of these flows has."""
        return await self._ask(lambda ask: deployments_counted(ask, flow_ids))

    async def count_task_runs_of(self, flow_run_ids: Sequence[UUID]) -> Counts:
        """How many task runs each of these flow runs has."""
        return await self._ask(lambda ask: task_runs_counted(ask, flow_run_ids))

    async def count_task_runs_by_state(self, query: TaskRunQuery) -> dict[StateType, int]:
        """How many task runs of flow runs match, by the type of their state."""
        return await self._ask(lambda ask: counted_by_state(ask, query))

    async def ended_task_runs(
        self, query: TaskRunQuery, start: datetime, end: datetime
    ) -> list[Ended]:
        """How the task runs that match ended, in equal parts of the time when they started."""
        return await self._ask(lambda ask: ended_in_spans(ask, query, start, end))

    async def next_runs(self, flow_ids: Sequence[UUID]) -> dict[UUID, FlowRun | None]:
        """The run of each of these flows that is to start first."""
        return await self._ask(lambda ask: next_runs(ask, flow_ids))

    async def observed_states(self, query: ObservedQuery) -> list[ObservedState]:
        """Which states there have been."""
        return await self._ask(lambda ask: observed(ask, query))

    async def concurrency_limits(self, query: LimitQuery) -> list[UUID]:
        """The ids of a page of concurrency limits, by name."""
        c = concurrency_limits.c
        matching = [c.name.startswith(query.prefix, autoescape=True)] if query.prefix else []
        page = _page(concurrency_limits, query, matching, (c.name.asc(),))
        return await self._all(page, lambda row: UUID(str(row.id)))

    async def logs(self, query: LogQuery) -> list[LogLine]:
        """A page of log lines."""
        matching = log_conditions(logs.c, query.filter)
        return await self._all(
            _page(logs, query, matching, log_order(logs.c, query.sort)), log_line_of
        )

    async def resources(
        self, query: ResourceQuery, parent_id: UUID | None = None
    ) -> list[Resource]:
        """A page of resources of one kind, those that go with a parent when one is named."""
        matching = resources_matching(query, parent_id)
        return await self._all(
            _page(resources, query, matching, resources_order(query)), resource_of
        )

    async def count_resources(self, query: ResourceQuery, parent_id: UUID | None = None) -> int:
        """How many resources match; the page does not matter."""
        return await self._scalar(_count(resources, resources_matching(query, parent_id)))

    async def events(self, query: EventQuery) -> EventsFound:
        """A page of events, and how many there are."""
        return await self._ask(lambda ask: events_found(ask, query))

    async def count_events(self, query: EventCounts) -> list[EventCount]:
        """Events counted by name, by resource or by spans of time."""
        return await self._ask(lambda ask: events_counted(ask, query))

    async def told(self) -> str:
        """How far the view of events is in the stream of what is told."""
        return await self._ask(place_of)

    async def positions(self) -> dict[int, int]:
        """For each partition, the position that all views have reached."""
        c = checkpoints.c
        query = (
            select(c.partition, func.min(c.position))
            .join(projections_table, projections_table.c.name == c.view)
            .group_by(c.partition)
        )
        rows = await self._ask(lambda ask: ask.execute(query).all())
        return {row[0]: row[1] for row in rows}
