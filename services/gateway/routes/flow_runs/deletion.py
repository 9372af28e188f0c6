"""A flow run goes with its task runs: the views know them, and the proposal names them."""

import asyncio
from uuid import UUID

from events.proposals import DeleteFlowRun, DeleteTaskRun
from events.wire.replies import Answer

from ...context import Context

NAMED_MAX = 1_000
"""Task runs per proposal: their keys and places stay below what a decision should take."""


async def delete(context: Context, flow_run_id: UUID) -> bool:
    """Forget the flow run; false when there is none."""
    await context.writes.are_visible()
    task_runs = await context.views.task_run_ids(flow_run_id)
    for start in range(NAMED_MAX, len(task_runs), NAMED_MAX):
        await asyncio.gather(
            *(
                context.propose(
                    DeleteTaskRun(
                        id=str(context.new_id()),
                        at=context.now(),
                        task_run_id=each,
                        flow_run_id=flow_run_id,
                    )
                )
                for each in task_runs[start : start + NAMED_MAX]
            )
        )
    answer = await context.propose(
        DeleteFlowRun(
            id=str(context.new_id()),
            at=context.now(),
            flow_run_id=flow_run_id,
            task_run_ids=task_runs[:NAMED_MAX],
        )
    )
    context.flow_run_is_gone(flow_run_id)
    return isinstance(answer, Answer)
