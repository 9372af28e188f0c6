"""Flow runs pause and go on with what they were told; who waits for them hears it at once."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from redis.asyncio import Redis

from events.proposals import DeleteFlowRun, StoreInput
from events.states import State, StateType
from events.streams import Streams
from headgate import clock, states
from headgate.client import Headgate
from headgate.pausing import (
    FlowPauseTimeout,
    FlowRunWaitTimeout,
    NotPausedError,
    pause_flow_run,
    resume_flow_run,
    suspend_flow_run,
    wait_for_flow_run,
)
from services.answering import Inputs
from tests.support.processing import processing
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture
async def headgate(redis_url: str, redis: Redis, streams: Streams) -> AsyncGenerator[Headgate]:
    async with (
        processing(redis_url, redis, streams),
        Headgate(redis_url, prefix=streams.prefix) as headgate,
    ):
        yield headgate


@pytest.fixture
async def running(headgate: Headgate) -> UUID:
    """A running flow run of a deployment."""
    deployment = clock.new_id()
    return await headgate.create_flow_run("etl", states.Running(), deployment_id=deployment)


async def _paused(headgate: Headgate, run: UUID) -> State:
    return await headgate.wait_for(run, [StateType.PAUSED])


async def test_a_pause_ends_with_the_answer(headgate: Headgate, running: UUID) -> None:
    pausing = asyncio.create_task(
        pause_flow_run(headgate, running, "1", wait_for_input=SCHEMA, description="how many?")
    )

    async def is_asked() -> bool:
        return len(await Inputs(headgate.log).keys(running)) == 2

    await wait_until(is_asked)
    state = await resume_flow_run(headgate, running, {"n": 5, "who": running})
    assert state.type is StateType.RUNNING
    answer = {"n": 5, "who": str(running)}
    assert await pausing == answer
    again = await pause_flow_run(headgate, running, "1", wait_for_input=SCHEMA)
    assert again == answer, "a pause that has fired is passed"


async def test_a_pause_without_a_question_has_no_answer(headgate: Headgate, running: UUID) -> None:
    pausing = asyncio.create_task(pause_flow_run(headgate, running, "1"))
    await _paused(headgate, running)
    await resume_flow_run(headgate, running)
    assert await pausing == {}


async def test_a_pause_is_over_at_its_deadline(headgate: Headgate, running: UUID) -> None:
    with pytest.raises(FlowPauseTimeout, match="paused and never resumed"):
        await pause_flow_run(headgate, running, "1", timeout_s=0)
    with pytest.raises(FlowPauseTimeout, match="can no longer be resumed"):
        await resume_flow_run(headgate, running)
    run = await wait_for_flow_run(headgate, running, 5)
    assert run is not None
    assert run.progress.state is not None
    assert run.progress.state.type is StateType.FAILED


async def test_a_paused_run_may_go_elsewhere(headgate: Headgate, running: UUID) -> None:
    pausing = asyncio.create_task(pause_flow_run(headgate, running, "1"))
    await _paused(headgate, running)
    await headgate.set_state(running, states.Cancelled())
    with pytest.raises(RuntimeError, match="is Cancelled now"):
        await pausing


async def test_what_may_not_pause_does_not(headgate: Headgate, running: UUID) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        await pause_flow_run(headgate, running, "1", timeout_s=-1)
    pending = await headgate.create_flow_run("etl", states.Pending())
    with pytest.raises(RuntimeError, match="Received non-paused state from API: Pending"):
        await pause_flow_run(headgate, pending, "1")
    alone = await headgate.create_flow_run("etl", states.Running())
    with pytest.raises(RuntimeError, match="cannot be suspended: Cannot suspend flows without"):
        await suspend_flow_run(headgate, alone)


async def test_a_suspended_run_is_scheduled_and_passes_it_the_next_time(
    headgate: Headgate, running: UUID
) -> None:
    """Edge case 67."""
    suspended = await suspend_flow_run(headgate, running, "1", wait_for_input=SCHEMA)
    assert isinstance(suspended, State)
    assert suspended.name == "Suspended"
    resuming = await resume_flow_run(headgate, running, {"n": 7})
    assert (resuming.type, resuming.name) == (StateType.SCHEDULED, "Resuming")
    await headgate.set_state(running, states.Running())
    assert await suspend_flow_run(headgate, running, "1", wait_for_input=SCHEMA) == {"n": 7}


async def test_an_answer_that_does_not_fit_is_refused(headgate: Headgate, running: UUID) -> None:
    await suspend_flow_run(headgate, running, wait_for_input=SCHEMA)
    with pytest.raises(RuntimeError, match="'n' is a required property"):
        await resume_flow_run(headgate, running)
    state = await _paused(headgate, running)
    key = (state.state_details.run_input_keyset or {})["response"]
    id = str(clock.new_id())
    await headgate.propose(StoreInput(id=id, flow_run_id=running, key=key, value="1"))
    with pytest.raises(RuntimeError, match="with this key already exists"):
        await resume_flow_run(headgate, running, {"n": 1})


async def test_what_is_not_paused_is_not_resumed(headgate: Headgate, running: UUID) -> None:
    for run in (running, clock.new_id()):
        with pytest.raises(NotPausedError):
            await resume_flow_run(headgate, run)


async def test_who_waits_hears_of_the_end_and_not_of_a_pause(
    headgate: Headgate, running: UUID
) -> None:
    waiting = asyncio.create_task(wait_for_flow_run(headgate, running))
    await suspend_flow_run(headgate, running)
    with pytest.raises(FlowRunWaitTimeout, match=r"exceeded watch timeout of 0.05 seconds"):
        await wait_for_flow_run(headgate, running, 0.05)
    assert not waiting.done()
    await headgate.set_state(running, states.Completed())
    run = await waiting
    assert run is not None
    assert run.progress.state is not None
    assert run.progress.state.name == "Completed"


async def _delete(headgate: Headgate, run: UUID) -> None:
    await headgate.propose(DeleteFlowRun(id=str(clock.new_id()), flow_run_id=run))


async def test_who_waits_for_a_run_that_is_deleted_gets_none(
    headgate: Headgate, running: UUID
) -> None:
    waiting = asyncio.create_task(wait_for_flow_run(headgate, running, 10))
    _, pending = await asyncio.wait([waiting], timeout=0.1)
    assert pending
    await _delete(headgate, running)
    assert await waiting is None
    assert await wait_for_flow_run(headgate, running, 1) is None


async def test_a_pause_ends_when_its_run_is_deleted(headgate: Headgate, running: UUID) -> None:
    waiting = asyncio.create_task(pause_flow_run(headgate, running, "1", timeout_s=10))
    await _paused(headgate, running)
    _, pending = await asyncio.wait([waiting], timeout=0.1)
    assert pending
    await _delete(headgate, running)
    with pytest.raises(RuntimeError, match="is gone"):
        await waiting
