"""task_run_states: one row per state of a task run."""

from ..projection import Projection
from .states import ENTER, states_of, table

task_run_states = Projection(
    name="task_run_states", version=1, table=table, kinds=(ENTER,), fold=states_of("task_run:")
)
