"""Slots under fire: runs of deployments with limits, and who holds what according to the log."""

import asyncio
from collections.abc import Mapping
from random import Random
from uuid import UUID

from msgspec import Struct

from events.changes import FlowRegistered
from events.entities import Entity, FlowRun
from events.log.redis import RedisEventLog
from events.proposals import CreateLimit, Proposal, RegisterFlow, StoreResource
from events.resources.deployments import ConcurrencyOptions, Deployment
from events.slots import ConcurrencyLimit
from events.wire.replies import Answer
from headgate.clock import new_id
from headgate.replay.folding import Folding
from services.errors import Unavailable
from services.proposer import Proposer
from services.rules.flow_runs.slots import HOLDING

LIMITS = (1, 2, 3, 5)
"""The slots of each limit: fewer than there are producers, so that many runs find none."""


class Limited(Struct, frozen=True):
    """Deployments with a limit each, alternately of both strategies, and their flow."""

    flow_id: UUID
    slots: Mapping[UUID, int]

    def any_of(self, random: Random) -> UUID:
        """One of the deployments."""
        return random.choice(list(self.slots))


class Holders(Struct, frozen=True):
    """Runs by what the log says: those that hold slots of any limit, and those that should."""

    holding: frozenset[UUID]
    expected: frozenset[UUID]
    over: int
    uncounted: int

    @property
    def are_exact(self) -> bool:
        """Whether the holders are the runs that should hold, each limit within its bounds."""
        return self.holding == self.expected and not self.over and not self.uncounted


async def answer(proposer: Proposer, proposal: Proposal) -> Answer:
    """The answer to *proposal*, asked for until there is one."""
    while True:
        try:
            reply = await proposer.propose(proposal)
        except Unavailable:
            await asyncio.sleep(0.05)
            continue
        assert isinstance(reply, Answer), f"{proposal} was not decided: {reply}"
        return reply


async def limited(proposer: Proposer) -> Limited:
    """Make them known."""
    registered = await answer(proposer, RegisterFlow(id=str(new_id()), name="limited"))
    (flow,) = [
        change.flow for change in registered.decided().changes if isinstance(change, FlowRegistered)
    ]
    slots: dict[UUID, int] = {}
    for place, limit in enumerate(LIMITS):
        limit_id, deployment_id = new_id(), new_id()
        strategy = "CANCEL_NEW" if place % 2 else "ENQUEUE"
        deployment = Deployment(
            id=deployment_id,
            flow_id=flow.id,
            name=f"limited to {limit}",
            global_concurrency_limit_id=limit_id,
            concurrency_options=ConcurrencyOptions(collision_strategy=strategy),
        )
        name = f"deployment:{deployment_id}"
        for proposal in (
            CreateLimit(id=str(new_id()), name=name, limit=limit, limit_id=limit_id),
            StoreResource(id=str(new_id()), resource=deployment),
        ):
            await answer(proposer, proposal)
        slots[deployment_id] = limit
    return Limited(flow.id, slots)


async def holders(log: RedisEventLog) -> Holders:
    """Who holds what, folded from the first entry of every partition on."""
    holding: set[UUID] = set()
    expected: set[UUID] = set()
    over = uncounted = 0
    for partition in log.streams.every():
        for entity in (await _folded(log, partition)).values():
            if isinstance(entity, ConcurrencyLimit):
                leases = entity.leases.values()
                held = sum(each.slots for each in leases)
                over += held > entity.limit.limit
                uncounted += held != entity.limit.active_slots
                holding |= {each.holder.id for each in leases if each.holder is not None}
            elif isinstance(entity, FlowRun) and _should_hold(entity):
                expected.add(entity.attributes.id)
    return Holders(frozenset(holding), frozenset(expected), over, uncounted)


async def _folded(log: RedisEventLog, partition: int) -> dict[str, Entity]:
    folding = Folding(log, partition)
    while await folding.page():
        pass
    assert not folding.faults, folding.faults
    return folding.known


def _should_hold(run: FlowRun) -> bool:
    state = run.progress.state
    return state is not None and (
        state.type in HOLDING and state.state_details.deployment_concurrency_lease_id is not None
    )
