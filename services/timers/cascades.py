"""The children of a cancelled flow run end with it: all of them, however many there are.

Who a run's children are, only the views know, and they follow the log at a distance. So a look
waits until they have reached the end that the log has now; and whoever was missed, because the
list changed while it was read or because a child came late, is found by a later look. Looks
come at growing distances for a day, since the parent's process may go on and begin another; of
a parent that was deleted, until one finds nobody.
"""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from events.entities import FlowRun, TaskRun, flow_run_key
from events.instants import Clock, millis_of
from events.log import EventLog
from events.proposals import Proposal, ProposeFlowRunState, ProposeTaskRunState
from events.queries import (
    FlowRunFilter,
    FlowRunQuery,
    FlowRunSort,
    TaskRunFilter,
    TaskRunQuery,
    TaskRunSort,
)
from events.queries.criteria import NullableIdIs, ParentIs, StateIs, StateTypeIs
from events.states import FINAL, StateType
from events.states.constructors import Cancelled, Cancelling
from events.wire.snapshots import entity_of, fields_of

from ..proposer import Proposer
from .errands import Group
from .following import views_have_followed
from .timer import BY, Cascade
from .views import Views

MESSAGE = "The parent flow run was cancelled."

LASTS_MS = 86_400_000
"""How long after its parent has ended a child is still looked for."""

AGAIN_MS = 1_000
"""When the second look is due; the one after that as long after it again, and so on."""

GROUP_MAX = 50
"""Parents whose children are looked for at once."""

Child = FlowRun | TaskRun

_running = StateIs(type=StateTypeIs(not_any_=sorted(FINAL)))


class Cascades:
    """Looks for the children of parents that have ended."""

    def __init__(self, *, log: EventLog, views: Views, proposer: Proposer, now: Clock) -> None:
        self._log = log
        self._views = views
        self._proposer = proposer
        self._now = now

    async def look(self, group: Group[Cascade]) -> list[int | None]:
        """Cancel the children that there are now; says when to look again, if at all."""
        now = self._now()
        age_ms = {cascade: millis_of(now) - cascade.ended_ms for _, cascade in group}
        runs = {cascade: await self._parent(partition, cascade) for partition, cascade in group}
        live = {
            cascade.flow_run_id: cascade
            for cascade, run in runs.items()
            if age_ms[cascade] < LASTS_MS and (run is None or _is_cancelled(run, cascade))
        }
        found: Counter[Cascade] = Counter()
        if live:
            await views_have_followed(self._log, self._views)
            asked: list[Proposal] = []
            async for parent, child in self._children(list(live)):
                proposal = _asked(live[parent], child, now)
                if proposal is not None:
                    asked.append(proposal)
                    found[live[parent]] += 1
            # sent only now: a page is a place in a list that shrinks with every child that ends
            await self._proposer.send_many(asked)
        looks_again = {
            cascade
            for cascade in live.values()
            if runs[cascade] is not None or found[cascade] or age_ms[cascade] < AGAIN_MS
        }
        return [
            millis_of(now) + max(AGAIN_MS, age_ms[cascade]) if cascade in looks_again else None
            for _, cascade in group
        ]

    async def _parent(self, partition: int, cascade: Cascade) -> FlowRun | None:
        key = flow_run_key(cascade.flow_run_id)
        run = entity_of(key, await self._log.snapshots(partition, fields_of(key)))
        return run if isinstance(run, FlowRun) else None

    async def _children(self, parents: list[UUID]) -> AsyncIterator[tuple[UUID, Child]]:
        """Each child that has not ended, all of them, with its parent."""
        tasks = TaskRunFilter(flow_run_id=NullableIdIs(any_=parents), state=_running)
        offset = 0
        while task_runs := await self._views.task_runs(
            TaskRunQuery(task_runs=tasks, sort=TaskRunSort.ID_DESC, offset=offset)
        ):
            offset += len(task_runs)
            for task_run in task_runs:
                if task_run.attributes.flow_run_id is not None:
                    yield task_run.attributes.flow_run_id, task_run
        flows = FlowRunFilter(parent_flow_run_id=ParentIs(any_=parents), state=_running)
        offset = 0
        while flow_runs := await self._views.flow_runs(
            FlowRunQuery(flow_runs=flows, sort=FlowRunSort.ID_DESC, offset=offset)
        ):
            offset += len(flow_runs)
            for flow_run in flow_runs:
                if flow_run.attributes.parent_flow_run_id is not None:
                    yield flow_run.attributes.parent_flow_run_id, flow_run


def _is_cancelled(run: FlowRun, cascade: Cascade) -> bool:
    """Whether the parent is still in the state that it was cancelled in."""
    state = run.progress.state
    return state is not None and state.id == cascade.state_id and state.type is StateType.CANCELLED


def _asked(cascade: Cascade, child: Child, now: datetime) -> Proposal | None:
    """What is asked of *child*, unless it has ended meanwhile; the same child is asked once."""
    about = child.attributes
    id = f"cascade {cascade.state_id} {about.id}"
    if isinstance(child, TaskRun):
        return ProposeTaskRunState(
            id=id,
            at=now,
            by=BY,
            task_run_id=about.id,
            flow_run_id=child.attributes.flow_run_id,
            state=Cancelled(message=MESSAGE),
            force=True,
            unless_final=True,
        )
    state = child.progress.state
    has_deployment = child.attributes.deployment_id is not None
    if has_deployment and state is not None and state.type is StateType.CANCELLING:
        return None
    wanted = Cancelling(message=MESSAGE) if has_deployment else Cancelled(message=MESSAGE)
    return ProposeFlowRunState(
        id=id,
        at=now,
        by=BY,
        flow_run_id=about.id,
        state=wanted,
        force=True,
        unless_final=True,
    )
