"""Agents: who polls a queue and says its id is noted under it, and goes with the queue."""

from functools import partial
from uuid import UUID

from events.queries import AgentQuery
from events.resources.work_pools import Agent, WorkQueue
from events.slugs import slug_of

from ...access import calling
from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, forbidden
from ...http.operations import Operation
from ...rendering.work_pools import AgentResponse, agent_response
from ...resources import existing, listed, store
from ..deployments.runs import was_lately


async def is_active(context: Context, queue: WorkQueue, id: UUID) -> None:
    """Note that the agent *id* polls *queue*, unless that was noted lately.

    Raises `Refused` when the caller may only look.
    """
    if not calling.get().may("propose"):
        raise forbidden("propose")
    now, agent = context.now(), await context.resource(Agent, id)
    if agent is not None and was_lately(agent.last_activity_time, now):
        return
    seen = Agent(id=id, name=slug_of(id), work_queue_id=queue.id, last_activity_time=now)
    noted = ["work_queue_id", "last_activity_time"]
    await store(context, seen, if_exists="amend", given=noted)


async def read_agent(context: Context, call: Call) -> Reply:
    """An agent."""
    return answered(agent_response(await existing(context, Agent, call.id)))


async def filter_agents(context: Context, call: Call) -> Reply:
    """A page of agents, the liveliest first."""
    found = await listed(context, Agent, call.as_query(AgentQuery))
    return answered([agent_response(one) for one in found])


_operation = partial(Operation, tag="Agents")

OPERATIONS = (
    _operation(method="POST", path="/agents/filter", handler=filter_agents,
               summary="Read Agents", takes=AgentQuery, gives=list[AgentResponse]),
    _operation(method="GET", path="/agents/{id:uuid}", handler=read_agent, summary="Read Agent",
               gives=AgentResponse),
)  # fmt: skip
