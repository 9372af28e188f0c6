"""What is due is proposed once, whoever looks, whenever they look, and in order."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from msgspec import structs
from redis.asyncio import Redis

from events.changes import SlotsGiven, StateEntered
from events.log.redis import RedisEventLog
from events.proposals import CreateLimit, Proposal, TakeSlots
from events.states import ProposedState, StateDetails, StateType
from events.streams import Streams
from events.wire.codec import decode_decision
from headgate.clock import new_id
from services.errors import Unavailable
from services.patience import end
from services.proposer import Proposer
from services.timers import Timers
from services.timers.sets import VERSION, Outrun, TimerSets
from tests.support.processing import (
    create,
    decided_ids,
    processing,
    propose,
    reached,
    run_in,
    send,
    states_of,
)
from tests.support.servers import free_port
from tests.support.timing import Hand, timing
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio


def scheduled(run: UUID, hand: Hand, **after: float) -> Proposal:
    """A proposal that creates *run*, to begin some time after now."""
    details = StateDetails(scheduled_time=hand.at + timedelta(**after))
    state = ProposedState(type=StateType.SCHEDULED, state_details=details)
    return create(run, state=state, at=hand.at)


async def proposed(redis: Redis, streams: Streams, partition: int) -> int:
    return await redis.xlen(streams.proposals(partition))  # pyright: ignore[reportUnknownMemberType]


async def set_timers(redis: Redis, streams: Streams, partition: int = 0) -> int:
    """How many timers are set, the mark aside."""
    return max(0, await redis.zcard(streams.timers(partition)) - 1)


async def test_a_run_that_nobody_begins_is_marked_late(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, run, log = Hand(), run_in(0), RedisEventLog(redis, streams)
    async with processing(redis_url, redis, streams), timing(redis, streams, hand) as timers:
        await send(redis, streams, scheduled(run, hand, seconds=10))
        await wait_until(lambda: reached(log, 0, 1))
        await timers.catch_up()
        hand.forward(seconds=25)
        await timers.fire()
        assert await proposed(redis, streams, 0) == 1
        hand.forward(seconds=1)
        await timers.fire()
        await wait_until(lambda: reached(log, 0, 2))
        await timers.fire()
        assert await proposed(redis, streams, 0) == 2
        assert await set_timers(redis, streams) == 0
    assert await states_of(log, run, 0) == [StateType.SCHEDULED] * 2


async def test_two_processes_set_and_fire_each_timer_once(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, log = Hand(), RedisEventLog(redis, streams)
    runs = [run_in(0) for _ in range(50)]
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand) as first,
        timing(redis, streams, hand) as second,
    ):
        both = [asyncio.create_task(each.run()) for each in (first, second)]
        await send(redis, streams, *(scheduled(run, hand, seconds=-60) for run in runs))
        await wait_until(lambda: reached(log, 0, 100))
        await wait_until(lambda: _is_empty(redis, streams))
        assert first.troubles() == second.troubles() == []
        await end(*both)
    ids = await decided_ids(log, 0)
    assert len(ids) == len(set(ids)) == 100


async def _is_empty(redis: Redis, streams: Streams) -> bool:
    return await set_timers(redis, streams) == 0


class Dying(Proposer):
    """A proposer that sends, and is dead before it can say so."""

    async def send_many(self, proposals: object) -> list[str]:
        """Send, and fail."""
        await super().send_many(proposals)  # pyright: ignore[reportArgumentType]
        raise Unavailable("the answer was lost")


async def test_what_was_sent_and_not_removed_is_sent_again_and_decided_once(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, run, log = Hand(), run_in(0), RedisEventLog(redis, streams)
    await send(redis, streams, scheduled(run, hand, seconds=-60))
    async with processing(redis_url, redis, streams) as processor:
        await wait_until(lambda: reached(log, 0, 1))
        dying = Dying(redis, streams, "dying", hand)
        async with timing(redis, streams, hand, proposer=dying) as killed:
            await killed.catch_up()
            with pytest.raises(Unavailable):
                await killed.fire()
        await dying.stop()
        async with timing(redis, streams, hand) as timers:
            await timers.fire()
        await wait_until(lambda: processor.health.counts["repeated"] == 1)
    assert (await decided_ids(log, 0)).count(f"timer late {run} {await _first(log)}") == 1
    assert len(await decided_ids(log, 0)) == 2


async def _first(log: RedisEventLog) -> UUID:
    """The id of the state that the first decision entered."""
    (entry,) = await log.entries(0, limit=1)
    changes = decode_decision(entry.body).changes
    return next(each.state.id for each in changes if isinstance(each, StateEntered))


async def test_after_a_week_of_silence_all_is_caught_up_with_in_order(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, log = Hand(), RedisEventLog(redis, streams)
    runs = [run_in(0) for _ in range(20)]
    places = [7, 3, 19, 0, 12, *(each for each in range(20) if each not in {7, 3, 19, 0, 12})]
    asked = [scheduled(runs[place], hand, hours=place) for place in places]
    begun = [propose(runs[5], StateType.RUNNING), propose(runs[6], StateType.COMPLETED)]
    await send(redis, streams, *asked, *begun)
    async with processing(redis_url, redis, streams):
        await wait_until(lambda: reached(log, 0, 22))
        hand.forward(days=7)
        async with timing(redis, streams, hand, due_max=7) as timers:
            await timers.catch_up()
            while await timers.fire():
                pass
        await wait_until(lambda: reached(log, 0, 40))
    late = [id.split(" ")[2] for id in (await decided_ids(log, 0))[22:]]
    assert late == [str(run) for place, run in enumerate(runs) if place not in {5, 6}]


async def test_a_restart_goes_on_where_the_last_one_stopped(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, log = Hand(), RedisEventLog(redis, streams)
    first, second = run_in(0), run_in(0)
    sets = TimerSets(redis, streams)
    async with processing(redis_url, redis, streams):
        await send(redis, streams, scheduled(first, hand, hours=1))
        await wait_until(lambda: reached(log, 0, 1))
        async with timing(redis, streams, hand) as timers:
            await timers.catch_up()
        assert await sets.reached(0) == (await log.head(0)).entry_id
        await send(redis, streams, propose(first, StateType.RUNNING))
        await send(redis, streams, scheduled(second, hand, hours=1))
        await wait_until(lambda: reached(log, 0, 3))
        async with timing(redis, streams, hand) as timers:
            await timers.catch_up()
        assert await set_timers(redis, streams) == 1
        assert await sets.reached(0) == (await log.head(0)).entry_id


@pytest.mark.parametrize("lost", ["all", "older"])
async def test_a_set_that_is_lost_or_old_is_made_again_from_the_log(
    redis: Redis, redis_url: str, streams: Streams, lost: str
) -> None:
    hand, log = Hand(), RedisEventLog(redis, streams)
    await send(redis, streams, *(scheduled(run_in(0), hand, hours=1) for _ in range(3)))
    async with processing(redis_url, redis, streams):
        await wait_until(lambda: reached(log, 0, 3))
    async with timing(redis, streams, hand) as timers:
        await timers.catch_up()
        key = streams.timers(0)
        await redis.unlink(key)
        if lost == "older":
            await redis.zadd(key, {f"v{VERSION - 1} 99-99": float("inf"), "soon": 1})  # pyright: ignore[reportUnknownMemberType]
        await timers.catch_up()
    assert await set_timers(redis, streams) == 3


async def test_a_set_of_a_newer_version_is_left_alone(redis: Redis, streams: Streams) -> None:
    await redis.zadd(streams.timers(0), {f"v{VERSION + 1} 1-1": float("inf")})  # pyright: ignore[reportUnknownMemberType]
    async with timing(redis, streams, Hand()) as timers:
        with pytest.raises(Outrun, match="partition 0 were set by version"):
            await timers.run()
        (trouble,) = timers.troubles()
        assert "start the newer one" in trouble


async def test_whoever_is_overtaken_changes_nothing(redis: Redis, streams: Streams) -> None:
    sets = TimerSets(redis, streams)
    assert await sets.advance(0, "0-0", "5-1", {"late a b": 10, "late c d": 20, "late e f": None})
    assert not await sets.advance(0, "0-0", "5-1", {"late x y": 1})
    assert await sets.advance(0, "5-1", "6-2", {"late a b": None})
    assert await sets.reached(0) == "6-2"
    due = await sets.due([0, 1], 19, 400)
    assert (due.timers, due.next_ms, due.is_all) == ({}, 20, True)
    due = await sets.due([0, 1], 20, 1)
    assert (due.timers, due.next_ms, due.is_all) == ({0: [("late c d", 20)]}, None, False)


async def test_what_is_due_otherwise_by_now_is_not_removed(redis: Redis, streams: Streams) -> None:
    """A lease that is renewed while its end is proposed is still to end."""
    sets = TimerSets(redis, streams)
    assert await sets.advance(0, "0-0", "5-1", {"lease a": 10, "lease b": 10})
    assert await sets.advance(0, "5-1", "6-2", {"lease a": 50})
    gone = [(0, "lease a", 10, None), (0, "lease b", 10, None), (0, "lease c", 10, 90)]
    assert await sets.move(gone) == [False, True, False]
    due = await sets.due([0], 100, 400)
    assert due.timers == {0: [("lease a", 50)]}


async def test_a_lease_that_nobody_renews_ends(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, log, control = Hand(), RedisEventLog(redis, streams), streams.control
    limit = CreateLimit(id="limit", name="db", limit=1)
    take = TakeSlots(id="take", at=hand.at, names=["db"], lease_id=new_id(), ttl_seconds=60)
    async with processing(redis_url, redis, streams), timing(redis, streams, hand) as timers:
        await send(redis, streams, limit, take)
        await wait_until(lambda: reached(log, control, 2))
        await timers.catch_up()
        hand.forward(seconds=60)
        await timers.fire()
        assert await proposed(redis, streams, control) == 2
        hand.forward(seconds=1)
        await timers.fire()
        await wait_until(lambda: reached(log, control, 3))
        await timers.catch_up()
        assert await set_timers(redis, streams, control) == 0
    last = decode_decision((await log.entries(control))[-1].body)
    assert last.kind == "reap_lease"
    assert isinstance(last.changes[0], SlotsGiven)


class Ticking(Hand):
    """A clock that goes on whenever somebody looks at it."""

    step = timedelta()

    def __call__(self) -> datetime:
        at = self.at
        self.at += self.step
        return at


async def test_what_becomes_due_while_it_is_looked_for_is_past_when_it_is_proposed(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    """Proposed at an instant before, the lease would not end, and nobody would ask again."""
    hand, log, control = Ticking(), RedisEventLog(redis, streams), streams.control
    at = hand.at + timedelta(microseconds=999)
    limit = CreateLimit(id="limit", name="db", limit=1)
    take = TakeSlots(id="take", at=at, names=["db"], lease_id=new_id(), ttl_seconds=60)
    async with processing(redis_url, redis, streams), timing(redis, streams, hand) as timers:
        await send(redis, streams, limit, take)
        await wait_until(lambda: reached(log, control, 2))
        await timers.catch_up()
        hand.at = at + timedelta(seconds=60, microseconds=-1)
        hand.step = timedelta(microseconds=2)
        for _ in range(2):
            await timers.fire()
        await wait_until(lambda: reached(log, control, 3))
    last = decode_decision((await log.entries(control))[-1].body)
    assert isinstance(last.changes[0], SlotsGiven)


async def test_a_pause_and_a_cancelling_end_while_it_runs(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, log = Hand(), RedisEventLog(redis, streams)
    paused, cancelled = run_in(0), run_in(1)
    soon = StateDetails(pause_timeout=hand.at + timedelta(seconds=30))
    pause = ProposedState(type=StateType.PAUSED, state_details=soon)
    async with processing(redis_url, redis, streams), timing(redis, streams, hand) as timers:
        running = asyncio.create_task(timers.run())
        await send(
            redis, streams,
            create(paused, state=ProposedState(type=StateType.RUNNING)),
            _paused(paused, pause, hand),
            create(cancelled, state=ProposedState(type=StateType.RUNNING)),
            propose(cancelled, StateType.CANCELLING, at=hand.at),
        )  # fmt: skip
        await wait_until(lambda: _has(redis, streams, 1))
        hand.forward(seconds=301)
        await wait_until(lambda: reached(log, 0, 3))
        await wait_until(lambda: reached(log, 1, 3))
        await end(running)
    assert (await states_of(log, paused, 0))[-1] is StateType.FAILED
    assert (await states_of(log, cancelled, 1))[-1] is StateType.CANCELLED


async def _has(redis: Redis, streams: Streams, timers: int) -> bool:
    counted = [await set_timers(redis, streams, each) for each in (0, 1)]
    return counted == [timers, timers]


def _paused(run: UUID, state: ProposedState, hand: Hand) -> Proposal:
    return structs.replace(propose(run, StateType.PAUSED, at=hand.at), state=state)


async def test_it_waits_while_redis_is_away(redis: Redis, streams: Streams) -> None:
    away = Redis.from_url(f"redis://127.0.0.1:{free_port()}")  # pyright: ignore[reportUnknownMemberType]
    async with timing(away, streams, Hand()) as timers:
        running = asyncio.create_task(Timers.run(timers))
        await wait_until(lambda: timers.troubles() not in ([], ["not started"]))
        assert not running.done()
        await end(running)
    await away.aclose()


async def test_what_is_switched_off_waits_until_it_is_on_again(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, log = Hand(), RedisEventLog(redis, streams)
    await send(redis, streams, scheduled(run_in(0), hand, seconds=-60))
    async with processing(redis_url, redis, streams):
        await wait_until(lambda: reached(log, 0, 1))
        async with timing(redis, streams, hand, off=["late"]) as timers:
            await timers.catch_up()
            assert not await timers.fire()
        assert await proposed(redis, streams, 0) == 1
        hand.forward(minutes=10)
        async with timing(redis, streams, hand) as timers:
            await timers.fire()
        await wait_until(lambda: reached(log, 0, 2))


async def test_what_is_due_waits_for_the_next_round_of_its_kind(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, log = Hand(), RedisEventLog(redis, streams)
    hand.at = hand.at.replace(minute=0, second=0, microsecond=0)
    await send(redis, streams, scheduled(run_in(0), hand, seconds=0))
    periods = {"late": timedelta(minutes=1)}
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, periods=periods) as timers,
    ):
        await wait_until(lambda: reached(log, 0, 1))
        await timers.catch_up()
        hand.forward(seconds=59)
        await timers.fire()
        assert await proposed(redis, streams, 0) == 1
        hand.forward(seconds=1)
        await timers.fire()
        await wait_until(lambda: reached(log, 0, 2))
