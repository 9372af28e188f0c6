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
from ...views.flow_runs import started
from ..criteria import Columns, Condition, some
from ..filters import flow_runs, flow_runs_matching
from ..sorts import directed

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
        return select(func.count()).select_from(self._merged(list(self._matching())))

    def ids(self) -> Select[Any]:
        """The ids of the runs that match, to be put in any order."""
        c = flow_runs.c
        if self._is_of_tags:
            tagged = self._merged(list(self._matching()))
            return select(c.id).where(c.id.in_(select(tagged.c.id)))
        return select(c.id).where(or_(*self.lists), *flow_runs_matching(c, self.rest))

    def page(self) -> Select[Any]:
        """The ids of the runs that match, those on the page, in order."""
        query, by, id = self.rest, self._sorted_by(), self.of.id
        order = directed(query.sort, by) if by is id else directed(query.sort, by, id)
        end = query.size + query.skipped
        merged = self._merged([each.order_by(*order).limit(end) for each in self._matching()])
        ids = select(merged.c.id).order_by(*directed(query.sort, merged.c.by, merged.c.id))
        return ids.limit(query.size).offset(query.skipped)

    @property
    def _is_of_tags(self) -> bool:
        """Whether they are in the view of tags, where a run may be in several."""
        return self.of is tags.c

    def _matching(self) -> Iterator[Select[Any, Any]]:
        left, by = flow_runs_matching(flow_runs.c, self.rest), self._sorted_by()
        if left and self._is_of_tags:
            left = [some(flow_runs, flow_runs.c.id == tags.c.id, *left)]
        for each in self.lists:
            yield select(self.of.id, by.label("by")).where(each, *left)

    def _merged(self, lists: Sequence[Select[Any, Any]]) -> Subquery:
        """All *lists* in one, each run once."""
        merge = union if self._is_of_tags and len(lists) > 1 else union_all
        return merge(*(select(each.subquery()) for each in lists)).subquery()

    def _sorted_by(self) -> ColumnElement[Any]:
        by = SORTED_BY.get(self.rest.sort, "id")
        return started(self.of) if by == "started" and not self._is_of_tags else self.of[by]
