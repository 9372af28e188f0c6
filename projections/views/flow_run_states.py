"""flow_run_states: one row per state of a flow run."""

from events.changes import FlowRunDeleted

from ..projection import Projection
from .states import DELETE, ENTER, states_of, table

flow_run_states = Projection(
    name="flow_run_states",
    version=1,
    table=table,
    kinds=(ENTER, DELETE),
    fold=states_of("flow_run:", FlowRunDeleted),
)
