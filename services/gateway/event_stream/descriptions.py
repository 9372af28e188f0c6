"""What an event says of a run besides its state: names and tags, remembered while they stand."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from msgspec import Struct

from events.entities import Flow, FlowRun, TaskRun
from events.told.states import DescribedFlowRun, DescribedTaskRun

from ..recent import Recent

KNOWN_MAX = 1_000


class Readers(Struct, frozen=True):
    """Who knows flow runs, flows and task runs by their ids."""

    flow_run: Callable[[UUID], Awaitable[FlowRun | None]]
    flow: Callable[[UUID], Awaitable[Flow | None]]
    task_run: Callable[[UUID], Awaitable[TaskRun | None]]
    task_run_in: Callable[[int, UUID], Awaitable[TaskRun | None]]


class Descriptions:
    """The latest runs that were asked for; forget one that was amended."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._known: Recent[UUID, DescribedFlowRun] = Recent(KNOWN_MAX)

    async def of(self, id: UUID) -> DescribedFlowRun | None:
        """The run *id*, described; None when there is none."""
        known = self._known.get(id)
        if known is not None:
            return known
        found = await self._readers.flow_run(id)
        if found is None:
            return None
        run, parent = found.attributes, None
        if run.parent_task_run_id is not None:
            parent = await self._readers.task_run(run.parent_task_run_id)
        described = DescribedFlowRun(
            run,
            await self._readers.flow(run.flow_id),
            None if parent is None else parent.attributes.name,
        )
        self._known.put(id, described)
        return described

    async def of_task_run(self, partition: int, id: UUID) -> DescribedTaskRun | None:
        """The task run *id* of a partition, described; None when there is none any more."""
        run = await self._readers.task_run_in(partition, id)
        if run is None:
            return None
        flow_run_id = run.attributes.flow_run_id
        around = None if flow_run_id is None else await self.of(flow_run_id)
        if around is None:
            return DescribedTaskRun(run, None, None)
        return DescribedTaskRun(run, around.run, around.flow)

    def forget(self, id: UUID | None = None) -> None:
        """What is known of the run *id*, or of all, is outdated."""
        if id is None:
            self._known = Recent(KNOWN_MAX)
        else:
            self._known.forget(id)
