"""One block is told after the other's back: each has a queue, and no queue is without end."""

import asyncio
from uuid import UUID

import pytest

from events.resources.notifications import FlowRunNotificationPolicy
from events.states import State, StateType
from services.notifier.claims import Wanted
from services.notifier.receivers import Receivers
from tests.support.examples import FLOW_RUN_ATTRIBUTES, NOON, STATE
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio


def wanted(block: int) -> Wanted:
    policy = FlowRunNotificationPolicy(
        id=UUID(int=9), state_names=[], tags=[], block_document_id=UUID(int=block)
    )
    state = State(id=STATE, type=StateType.FAILED, name="Failed", timestamp=NOON)
    return Wanted(policy, FLOW_RUN_ATTRIBUTES, state)


class Other:
    """The other side: takes what it is sent while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.told: list[UUID] = []
        self.refused: list[UUID] = []
        self.is_there = False

    async def deliver(self, wanted: Wanted, stop: asyncio.Event) -> bool:
        """Wait until it is open; block 2 always is."""
        if wanted.policy.block_document_id != UUID(int=2):
            both = [asyncio.create_task(each.wait()) for each in (self.open, stop)]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for each in both:
                each.cancel()
        self.told.append(wanted.policy.block_document_id)
        return self.open.is_set() or not stop.is_set()

    def is_away(self, block: UUID) -> bool:
        """Whether nothing was heard of it."""
        return not self.is_there

    async def refuse(self, wanted: Wanted, stop: asyncio.Event) -> bool:
        """Note it."""
        self.refused.append(wanted.policy.block_document_id)
        return True


async def test_a_full_queue_of_one_who_is_away_refuses_and_others_go_on() -> None:
    other, settled = Other(), list[int]()
    receivers = Receivers(other.deliver, other.refuse, other.is_away, waiting_max=3)
    for n in range(5):
        await receivers.put(wanted(1), lambda n=n: settled.append(n))
    await receivers.put(wanted(2), lambda: settled.append(9))
    await wait_until(lambda: sorted(settled) == [3, 4, 9])
    assert (other.refused, other.told, receivers.held) == ([UUID(int=1)] * 2, [UUID(int=2)], 3)
    other.open.set()
    await wait_until(lambda: receivers.held == 0)
    assert settled[-3:] == [0, 1, 2]


async def test_a_full_queue_of_one_who_is_there_is_waited_for() -> None:
    other, settled = Other(), list[int]()
    other.is_there = True
    receivers = Receivers(other.deliver, other.refuse, other.is_away, waiting_max=3)
    for n in range(3):
        await receivers.put(wanted(1), lambda n=n: settled.append(n))
    further = asyncio.create_task(receivers.put(wanted(1), lambda: settled.append(3)))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(further), 0.2)
    other.open.set()
    await further
    await wait_until(lambda: settled == [0, 1, 2, 3])
    assert (other.refused, receivers.held) == ([], 0)


async def test_what_is_not_sent_on_a_stop_is_not_settled() -> None:
    other, settled = Other(), list[int]()
    receivers = Receivers(other.deliver, other.refuse, other.is_away)
    for n in range(2):
        await receivers.put(wanted(1), lambda n=n: settled.append(n))
    await asyncio.sleep(0)  # and it has begun
    await receivers.stop(5.0)
    assert (settled, len(other.told)) == ([], 1)


async def test_what_breaks_is_told_of() -> None:
    async def broken(wanted: Wanted, stop: asyncio.Event) -> bool:
        raise ValueError("no")

    receivers = Receivers(broken, broken, lambda block: False)
    await receivers.put(wanted(1), lambda: None)
    with pytest.raises(ValueError, match="no"):
        await receivers.broken
