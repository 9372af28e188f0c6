"""Lists: what they are in order of, a page of several, how many runs they hold."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, Subquery, func, select, union, union_all

from events.queries import FlowRunQuery, FlowRunSort

from ...views.flow_run_tags import flow_run_tags as flow_run_tags_view
from ..criteria import Columns, Condition, some
from ..filters import flow_runs, flow_runs_matching

LONG = 10_000
"""Runs in lists after which it does not matter how many more there are."""

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

    def length(self, connection: Connection) -> int:
        """How many runs the lists hold, up to `LONG`."""
        held = union_all(*(select(self.of.id).where(each) for each in self.lists)).limit(LONG)
        return connection.scalar(select(func.count()).select_from(held.subquery())) or 0

    def count(self) -> Select[int]:
        """How many of the runs match."""
        return select(func.count()).select_from(self.ids().subquery())

    def ids(self) -> Select[Any]:
        """The ids of the runs that match, in no order."""
        return select(self._merged(list(self._matching())).c.id)

    def page(self) -> Select[Any]:
        """The ids of the runs that match, those on the page, in order."""
        query = self.rest
        is_ascending = query.sort is not None and query.sort.endswith("ASC")

        def in_order(
            runs: Select[*tuple[Any, ...]], by: ColumnElement[Any], id: ColumnElement[Any]
        ) -> Any:
            return runs.order_by(*(c.asc() if is_ascending else c.desc() for c in (by, id)))

        by, end = self._sorted_by(), query.size + query.skipped
        merged = self._merged(
            [in_order(each, by, self.of.id).limit(end) for each in self._matching()]
        )
        ids = in_order(select(merged.c.id), merged.c.by, merged.c.id)
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
