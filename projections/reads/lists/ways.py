"""Ways to look for flow runs: by the lists that a query names."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from msgspec import structs
from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, select

from events.queries import FlowRunFilter, FlowRunQuery
from events.queries.criteria import InstantIs, StateIs, StateTypeIs, TextIs

from ...columns import indexed
from ..criteria import Condition, Conditions, in_state, timed
from ..filters import flow_runs
from .lists import Lists, tags

KINDS_MAX = 200
"""Kinds of states that are looked through; who makes more of them is answered by a search."""


def _kinds() -> Select[Any, Any]:
    c, one, next = flow_runs.c, flow_runs.alias("one"), flow_runs.alias("next")
    first = select(c.id).where(c.state_type.is_not(None)).order_by(c.state_type, c.state_label)
    kinds = select(c.state_type, c.state_label).where(c.id == first.limit(1).scalar_subquery())
    known = kinds.cte("kinds", recursive=True)
    type, label = next.c.state_type, next.c.state_label
    by_label = select(next.c.id).where(type == known.c.state_type, label > known.c.state_label)
    by_type = select(next.c.id).where(type > known.c.state_type)
    # two questions, because SQLite would compare a pair by what comes first in it alone
    after = (each.order_by(type, label).limit(1).correlate(known) for each in (by_label, by_type))
    id = func.coalesce(*(each.scalar_subquery() for each in after))
    each = select(one.c.state_type, one.c.state_label).select_from(known.join(one, one.c.id == id))
    known = known.union_all(each)
    return select(known.c.state_type, known.c.state_label).limit(KINDS_MAX + 1)


KINDS = _kinds()
"""The kinds of states that flow runs are in: one look into an index for each."""


def _each(conditions: Iterable[Condition]) -> list[Condition]:
    """A list for each of *conditions*; an empty one if there are none."""
    return list(conditions) or [false()]


def tagged(query: FlowRunQuery, run: FlowRunFilter) -> Iterator[Lists]:
    """The runs with any of the tags that are wanted, or with one of those that all are wanted."""
    wanted = run.tags
    if wanted is None or wanted.operator == "or_":
        return

    times, untimed = _timed(run)

    def lists(found: Sequence[str], **left: list[str] | None) -> Lists:
        rest = structs.replace(untimed, tags=structs.replace(wanted, **left))
        each = _each(and_(tags.c.tag == tag, *times) for tag in dict.fromkeys(map(indexed, found)))
        return Lists(tags.c, each, structs.replace(query, flow_runs=rest))

    for tag in wanted.all_ or ():
        yield lists([tag], all_=[each for each in wanted.all_ or () if each != tag] or None)
    if wanted.any_ is not None:
        yield lists(wanted.any_, any_=None)


def _timed(run: FlowRunFilter) -> tuple[Conditions, FlowRunFilter]:
    """What is demanded of the times that tags know, and all the rest."""
    expected, start = run.expected_start_time, run.start_time
    times: Conditions = []
    if expected is not None:
        times += timed(tags.c.expected_start_time, expected)
    if start is not None:
        times += timed(tags.c.started, InstantIs(before_=start.before_, after_=start.after_))
        start = structs.replace(start, before_=None, after_=None)
    return times, structs.replace(run, expected_start_time=None, start_time=start)


def belonging(query: FlowRunQuery, run: FlowRunFilter) -> Iterator[Lists]:
    """The runs of the deployments, and those of the flows, whose ids are wanted."""
    c, deployment, flow = flow_runs.c, query.deployments, query.flows
    wanted: list[tuple[ColumnElement[UUID], list[UUID] | None]] = []
    if run.deployment_id is not None and run.deployment_id.operator != "or_":
        wanted.append((c.deployment_id, run.deployment_id.any_))
    if deployment is not None and deployment.id is not None and deployment.operator != "or_":
        wanted.append((c.deployment_id, deployment.id.any_))
    if flow is not None and flow.id is not None and flow.operator != "or_":
        wanted.append((c.flow_id, flow.id.any_))
    for column, ids in wanted:
        if ids is not None:
            yield Lists(c, _each(column == id for id in dict.fromkeys(ids)), query)


def in_states(connection: Connection, query: FlowRunQuery, run: FlowRunFilter) -> Iterator[Lists]:
    """The runs in the kinds of states that are wanted, of those that there are."""
    c, state = flow_runs.c, run.state
    if state is None or not in_state(c, state) or _takes_stateless(state):
        return
    kinds = connection.execute(KINDS).all()
    if len(kinds) <= KINDS_MAX:
        rest = structs.replace(query, flow_runs=structs.replace(run, state=None))
        found = (
            (c.state_type == type) & (c.state_label == label)
            for type, label in kinds
            if _is_wanted(state, type, label)
        )
        yield Lists(c, _each(found), rest)


def _takes_stateless(state: StateIs) -> bool:
    """Whether runs without a state match, which are in no list: none of no states is unwanted."""
    names, types = state.name or TextIs(), state.type or StateTypeIs()
    return names.not_any_ == [] or types.not_any_ == []


def _is_wanted(state: StateIs, type: str, label: str) -> bool:
    """Whether a state of this *type*, and of a name with this *label*, is; as `in_state` says."""
    types, names = state.type or StateTypeIs(), state.name or TextIs()
    met = [type in types.any_] if types.any_ is not None else []
    met += [type not in types.not_any_] if types.not_any_ is not None else []
    met += [label in map(indexed, names.any_)] if names.any_ is not None else []
    met += [label not in map(indexed, names.not_any_)] if names.not_any_ is not None else []
    return any(met) if state.operator == "or_" else all(met)
