"""task_run_states: one row per state of a task run."""

from events.changes import TaskRunDeleted

from ..projection import Projection
from .states import DELETE, ENTER, states_of, table

task_run_states = Projection(
    name="task_run_states",
    version=1,
    table=table,
    kinds=(ENTER, DELETE),
    fold=states_of("task_run:", TaskRunDeleted),
)
