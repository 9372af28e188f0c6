"""Flow runs, one at a time: read, amended, deleted, and proposed states for."""

from typing import Any

from msgspec import UNSET

from events.decisions import Outcome
from events.entities import FlowRun
from events.given import given_fields
from events.proposals import AmendFlowRun, ProposeFlowRunState
from events.resources.deployments import Deployment
from events.resources.work_pools import WorkPool
from events.slugs import slug_of
from events.states import StateType

from ...context import Context, existing
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, detail, failed
from ...http.operations import Operation
from ...parameters import bound, misfit
from ...rendering.runs import FlowRunResponse, flow_run_response
from ..bodies import FlowRunUpdate, Labels, SetState
from ..orchestration import OrchestrationResult, orchestrated, proposal_id
from .deletion import delete


async def set_state(context: Context, call: Call) -> Reply:
    """Propose a state: 201 when a state was entered, 200 when the run stays where it is."""
    given = call.as_a(SetState)
    id = call.id
    if not await context.has_flow_run(id):
        raise failed(404, f"Flow run with id {id} not found")
    proposal = ProposeFlowRunState(
        id=proposal_id(context, given.state, call.id.bytes + call.body),
        at=context.now(),
        flow_run_id=id,
        state=given.state,
        force=bool(given.force),
        api_version=call.api_version,
        client_version=call.client_version,
    )
    return orchestrated(await context.ask(proposal), given.state.data)


async def read_flow_run(context: Context, call: Call) -> Reply:
    """The flow run as of its last decision."""
    run = existing(await context.flow_run(call.id))
    return answered(flow_run_response(run, context.now()))


async def update_flow_run(context: Context, call: Call) -> Reply:
    """Change attributes of a flow run."""
    given = call.as_a(FlowRunUpdate)
    if given.parameters is not UNSET:
        bound(context, given.parameters)
    run = existing(await context.flow_run(call.id))
    if isinstance(given.job_variables, dict):
        await _check_job_variables(context, run, given.job_variables)
    fields = given_fields(given)
    if "name" in fields and not fields["name"]:
        fields["name"] = slug_of(context.new_id())  # no name is a new one
    answer = await context.ask(
        AmendFlowRun(id=str(context.new_id()), at=context.now(), flow_run_id=call.id, **fields)
    )
    if answer.outcome is Outcome.REJECT:
        raise detail(400, answer.decided().reason or "")
    return NO_CONTENT


async def _check_job_variables(context: Context, run: FlowRun, given: dict[str, Any]) -> None:
    """Raise `Refused` when a run that waits has lost its deployment, or these do not fit its pool.

    Neither is seen by the rules, which refuse them to any other run.
    """
    deployment_id, state = run.attributes.deployment_id, run.progress.state
    if deployment_id is None or state is None or state.type is not StateType.SCHEDULED:
        return
    deployment = await context.resource(Deployment, deployment_id)
    if deployment is None:
        raise detail(400, "A deployment for the flow run could not be found")
    if deployment.work_pool_id is None:
        return
    pool = await context.resource(WorkPool, deployment.work_pool_id)
    wrong = await misfit({**deployment.job_variables, **given}, pool)
    if wrong is not None:
        raise detail(422, f"Error updating flow run: {wrong}")


async def update_labels(context: Context, call: Call) -> Reply:
    """Merge labels into a flow run's."""
    labels = call.as_a(Labels)
    if not await context.has_flow_run(call.id):
        raise failed(404, f"Flow run with id {call.id} not found")
    await context.ask(
        AmendFlowRun(
            id=str(context.new_id()), at=context.now(), flow_run_id=call.id, labels={**labels}
        )
    )
    return NO_CONTENT


async def delete_flow_run(context: Context, call: Call) -> Reply:
    """Forget a flow run, with its task runs, states, inputs and logs."""
    existing(await context.flow_run(call.id))
    if not await delete(context, call.id):
        raise detail(404, "Flow run not found")
    return NO_CONTENT


OPERATIONS = (
    Operation(method="POST", path="/flow_runs/{id:uuid}/set_state", handler=set_state, is_busy=True,
              summary="Set Flow Run State", tag="Flow Runs", takes=SetState,
              gives=OrchestrationResult, statuses=(201, 200)),
    Operation(method="GET", path="/flow_runs/{id:uuid}", handler=read_flow_run, is_busy=True,
              summary="Read Flow Run", tag="Flow Runs", gives=FlowRunResponse),
    Operation(method="PATCH", path="/flow_runs/{id:uuid}", handler=update_flow_run,
              summary="Update Flow Run", tag="Flow Runs", takes=FlowRunUpdate, statuses=(204,)),
    Operation(method="PATCH", path="/flow_runs/{id:uuid}/labels", handler=update_labels,
              summary="Update Flow Run Labels", tag="Flow Runs", takes=Labels, statuses=(204,)),
    Operation(method="DELETE", path="/flow_runs/{id:uuid}", handler=delete_flow_run,
              summary="Delete Flow Run", tag="Flow Runs", statuses=(204,)),
)  # fmt: skip
