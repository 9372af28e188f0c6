"""Task workers: who waits for background task runs, and for which."""

from msgspec import Struct

from ...background import TaskWorker
from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation


class TaskWorkerFilter(Struct, frozen=True):
    """Those who run one of these tasks."""

    task_keys: list[str]


class TaskWorkersAsked(Struct, frozen=True):
    """Which task workers are asked for; all, when nothing is said."""

    task_worker_filter: TaskWorkerFilter | None = None


async def read_task_workers(context: Context, call: Call) -> Reply:
    """Who is connected to any gateway."""
    wanted = call.as_query(TaskWorkersAsked).task_worker_filter
    found = await context.task_workers.known()
    if wanted is not None:
        keys = {*wanted.task_keys}
        found = [each for each in found if not keys.isdisjoint(each.task_keys)]
    return answered(found)


OPERATIONS = (
    Operation(method="POST", path="/task_workers/filter", handler=read_task_workers,
              summary="Read Task Workers", tag="Task Workers", takes=TaskWorkersAsked,
              gives=list[TaskWorker]),
)  # fmt: skip
