"""Lists of flow runs that an index has in order, so that a page costs what is on it.

The runs with a tag, of a deployment, of a flow or in a kind of state are such a list. Who asks for
several values is answered from the beginnings of several lists; who asks for several things, from
the shortest. Decision 35 says why.
"""

from typing import Any

from sqlalchemy import Connection, Select, func, select

from events.queries import FlowRunFilter, FlowRunQuery

from ..filters import flow_runs, flow_runs_matching
from ..sorts import flow_run_order
from .lists import MOST, SORTED_BY, Lists
from .ways import belonging, in_states, tagged

LISTS_MAX = 64
"""Lists looked into for one page. Who asks for more values is answered by a search."""


def flow_runs_page(connection: Connection, query: FlowRunQuery) -> Select[Any]:
    """A page of the flow runs that match."""
    c, order = flow_runs.c, flow_run_order(flow_runs.c, query.sort)
    lists = _shortest(connection, query)
    if lists is not None and query.sort in SORTED_BY:
        page = lists.page()
    else:
        ids = select(c.id).where(*flow_runs_matching(c, query))
        if lists is not None and lists.length(connection, MOST) < MOST:
            ids = lists.ids()
        page = ids.order_by(*order).limit(query.size).offset(query.skipped)
    return select(flow_runs).where(c.id.in_(page)).order_by(*order)


def flow_runs_count(connection: Connection, query: FlowRunQuery) -> Select[int]:
    """How many flow runs match; the page does not matter."""
    lists = _shortest(connection, query)
    if lists is not None:
        return lists.count()
    matching = flow_runs_matching(flow_runs.c, query)
    return select(func.count()).select_from(flow_runs).where(*matching)


def _shortest(connection: Connection, query: FlowRunQuery) -> Lists | None:
    """The lists to look into, if there are any that say more than ids do."""
    run = query.flow_runs or FlowRunFilter()
    if run.operator == "or_" or _go_by_ids(run):
        return None
    # of lists that are alike long, those of the first way
    ways = (belonging(query, run), tagged(query, run), in_states(connection, query, run))
    found = [lists for way in ways for lists in way if len(lists.lists) <= LISTS_MAX]
    if len(found) < 2:
        return found[0] if found else None
    return min(found, key=lambda lists: lists.length(connection))


def _go_by_ids(run: FlowRunFilter) -> bool:
    """Whether the ids of runs or of their parents are wanted."""
    wanted = (run.id, run.parent_flow_run_id, run.parent_task_run_id)
    return any(each is not None and each.any_ is not None for each in wanted)
