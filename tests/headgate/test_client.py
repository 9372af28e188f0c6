"""The client proposes and hears the decision, waits without polling, and follows the log."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from events.decisions import Outcome, Recorded
from events.proposals import CreateFlowRun, DeleteFlowRun
from events.states import FINAL, StateType
from events.streams import Streams
from headgate import clock, states
from headgate.bus.connecting import NoLog, connected
from headgate.client import FlowRunGone, Headgate, NotDecided
from tests.support.processing import processing
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def headgate(redis_url: str, redis: Redis, streams: Streams) -> AsyncGenerator[Headgate]:
    async with (
        processing(redis_url, redis, streams),
        Headgate(redis_url, prefix=streams.prefix) as headgate,
    ):
        yield headgate


async def first(count: int, transitions: Any) -> list[Recorded]:
    """The first *count* of *transitions*."""
    found: list[Recorded] = []
    async for each in transitions:
        found.append(each)
        if len(found) == count:
            break
    await transitions.aclose()
    return found


async def test_a_created_run_is_there_at_once(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Pending(), tags=["nightly"])
    run = await headgate.flow_run(id)
    assert run is not None
    assert run.attributes.tags == ["nightly"]
    assert run.progress.state is not None
    assert run.progress.state.type is StateType.PENDING


async def test_creating_the_same_run_again_finds_it(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Pending())
    await headgate.set_state(id, states.Running())
    assert await headgate.create_flow_run("etl", states.Pending(), flow_run_id=id) == id
    run = await headgate.flow_run(id)
    assert run is not None
    assert run.progress.state is not None
    assert run.progress.state.type is StateType.RUNNING


async def test_a_refusal_is_an_answer(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Pending())
    answer = await headgate.set_state(id, states.Pending())
    assert answer.outcome is Outcome.ABORT
    assert answer.decided().reason


async def test_the_same_proposal_again_has_its_first_answer(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Pending())
    one = await headgate.set_state(id, states.Running(), id="once")
    other = await headgate.set_state(id, states.Running(), id="once")
    assert other.repeated
    assert other.entry_id == one.entry_id


async def test_a_proposal_about_no_run_is_an_error_that_says_so(headgate: Headgate) -> None:
    with pytest.raises(NotDecided, match="proposal lost") as caught:
        await headgate.set_state(clock.new_id(), states.Running(), id="lost")
    assert caught.value.unanswered.missing


async def test_a_pause_counts_from_now(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Running())
    answer = await headgate.set_state(id, states.Paused(timeout_seconds=300), force=True)
    assert answer.state is not None
    deadline = answer.state.state_details.pause_timeout
    assert deadline is not None
    assert 290 < (deadline - clock.now()).total_seconds() <= 300


async def test_waiting_ends_with_the_state_that_was_waited_for(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Pending())
    waiting = asyncio.create_task(headgate.wait_for(id, FINAL, timeout_s=10))
    await headgate.set_state(id, states.Running())
    await headgate.set_state(id, states.Failed(message="boom"))
    state = await waiting
    assert (state.type, state.message) == (StateType.FAILED, "boom")


async def test_waiting_for_a_state_that_is_there_ends_at_once(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Running())
    state = await headgate.wait_for(id, lambda state: state.name == "Running", timeout_s=1)
    assert state.type is StateType.RUNNING


async def test_waiting_has_an_end(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Running())
    with pytest.raises(TimeoutError):
        await headgate.wait_for(id, FINAL, timeout_s=0.05)


async def test_waiting_for_a_run_that_is_deleted_ends_with_an_error(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Running())
    waiting = asyncio.create_task(headgate.wait_for(id, FINAL, timeout_s=10))
    _, pending = await asyncio.wait([waiting], timeout=0.1)
    assert pending
    await headgate.propose(DeleteFlowRun(id=str(clock.new_id()), flow_run_id=id))
    with pytest.raises(FlowRunGone, match=str(id)):
        await waiting
    with pytest.raises(FlowRunGone, match=str(id)):
        await headgate.wait_for(id, FINAL, timeout_s=1)


async def test_following_resumes_after_a_position(headgate: Headgate) -> None:
    id = await headgate.create_flow_run("etl", states.Pending())
    await headgate.set_state(id, states.Running())
    await headgate.set_state(id, states.Completed())
    created, running = await first(2, headgate.transitions("0-0", id))
    assert created.decision.kind == "create_flow_run"
    (completed,) = await first(1, headgate.transitions({running.partition: running.entry_id}, id))
    assert completed.position == running.position + 1
    assert completed.decision.asked is not None
    assert completed.decision.asked.type is StateType.COMPLETED


async def test_following_begins_now_unless_told_otherwise(headgate: Headgate) -> None:
    await headgate.create_flow_run("etl", states.Pending())
    following = asyncio.create_task(first(1, headgate.transitions(await headgate.ends())))
    id = clock.new_id()
    await headgate.propose(CreateFlowRun(id="late", flow_run_id=id, flow_id=id))
    (recorded,) = await following
    assert recorded.decision.proposal_id == "late"


async def test_without_a_log_there_is_nothing_to_be_a_client_of(
    redis_url: str, streams: Streams
) -> None:
    with pytest.raises(NoLog, match=f"no log under the prefix '{streams.prefix}'"):
        await Headgate(redis_url, prefix=streams.prefix).__aenter__()


async def test_who_follows_goes_on_when_redis_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And misses nothing that was decided before."""
    server = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    try:
        redis, streams = connected(server.url), Streams(prefix="follow", partitions=1)
        async with (
            redis,
            processing(server.url, redis, streams),
            Headgate(server.url, prefix=streams.prefix) as headgate,
        ):
            heard = asyncio.create_task(first(4, headgate.transitions()))
            await headgate.create_flow_run("etl", states.Pending())
            server.kill()
            await wait_until(lambda: "waiting for it" in caplog.text)
            server.start()
            await headgate.create_flow_run("etl", states.Pending())
            assert [each.decision.kind for each in await heard].count("create_flow_run") == 2
    finally:
        server.stop()
