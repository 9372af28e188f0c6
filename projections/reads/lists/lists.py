"""Lists: what they are in order of, a page of several, how many runs they hold."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    func,
    or_,
    select,
    union,
    union_all,
)

from events.queries import FlowRunQuery, FlowRunSort

from ...views.flow_run_tags import flow_run_tags as flow_run_tags_view
from ..criteria import Columns, Condition, some
from ..filters import flow_runs, flow_runs_matching

LONG = 2_000
"""Runs after which a list counts as no longer than another: to count on would cost a page."""

MOST = 50_000
"""Runs that are sorted for a page in another order than a list's. More of them are searched for."""

SORTED_BY = {
    None: "id",
    FlowRunSort.ID_DESC: "id",
    FlowRunSort.START_TIME_ASC: "started",
    FlowRunSort.START_TIME_DESC: "started",
    FlowRunSort.EXPECTED_START_TIME_ASC: "expected_start_time",
    FlowRunSort.EXPECTED_START_TIME_DESC: "expected_start_time",
}
"""The orders that lists are in."""

tags = flow_run_tags_view.table(flow_run_tags_view.name)


class Lists(Struct, frozen=True):
    """Lists that together hold all runs that match, and what is still to be asked of these."""

    of: Columns
    lists: Sequence[Condition]
    rest: FlowRunQuery

    def length(self, connection: Connection, most: int = LONG) -> int:
        """How many runs the lists hold, up to *most*."""
        held = union_all(*(select(self.of.id).where(each) for each in self.lists)).limit(most)
        return connection.scalar(select(func.count()).select_from(held.subquery())) or 0

    def count(self) -> Select[int]:
        """How many of the runs match."""
        return select(func.count()).select_from(self.ids().subquery())

    def ids(self) -> Select[Any]:
        """The ids of the runs that match, in no order."""
        if self.of is tags.c:
            return select(self._merged(list(self._matching())).c.id)
        left = flow_runs_matching(flow_runs.c, self.rest)
        return select(self.of.id).where(or_(*self.lists), *left)

    def page(self) -> Select[Any]:
        """The ids of the runs that match, those on the page, in order."""
        query = self.rest
        is_ascending = query.sort is not None and query.sort.endswith("ASC")

        def in_order(runs: Select[*tuple[Any, ...]], of: Columns, by: ColumnElement[Any]) -> Any:
            columns = (by,) if by is of.id else (by, of.id)
            return runs.order_by(*(c.asc() if is_ascending else c.desc() for c in columns))

        by, end = self._sorted_by(), query.size + query.skipped
        merged = self._merged([in_order(each, self.of, by).limit(end) for each in self._matching()])
        ids = in_order(select(merged.c.id), merged.c, merged.c.by)
        return ids.limit(query.size).offset(query.skipped)

    def _matching(self) -> Iterator[Select[Any, Any]]:
        left, by = flow_runs_matching(flow_runs.c, self.rest), self._sorted_by()
        if left and self.of is tags.c:
            left = [some(flow_runs, flow_runs.c.id == tags.c.id, *left)]
        for each in self.lists:
            yield select(self.of.id, by.label("by")).where(each, *left)

    def _merged(self, lists: Sequence[Select[Any, Any]]) -> Subquery:
        """All *lists* in one, each run once: it can be in several lists of tags only."""
        merge = union if self.of is tags.c and len(lists) > 1 else union_all
        return merge(*(select(each.subquery()) for each in lists)).subquery()

    def _sorted_by(self) -> ColumnElement[Any]:
        by = SORTED_BY.get(self.rest.sort, "id")
        if by == "started" and self.of is not tags.c:
            return func.coalesce(self.of.start_time, self.of.expected_start_time)
        return self.of[by]
