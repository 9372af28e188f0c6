"""The children of a cancelled flow run end with it: all of them, however many there are."""

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from redis.asyncio import Redis

from events.proposals import CreateFlowRun, CreateTaskRun, Proposal
from events.states import ProposedState, StateType
from events.streams import Streams
from headgate.clock import new_id
from tests.support.gateway import Running
from tests.support.processing import create, send

TASK_RUNS = 450
"""More than two pages of a list."""

MESSAGE = "The parent flow run was cancelled."


def task_run(parent: UUID, type: StateType) -> CreateTaskRun:
    id = new_id()
    return CreateTaskRun(
        id=id.hex, flow_run_id=parent, task_run_id=id, task_key="t", dynamic_key=id.hex,
        state=ProposedState(type=type),
    )  # fmt: skip


def subflow(parent: UUID, type: StateType, **fields: Any) -> tuple[CreateTaskRun, CreateFlowRun]:
    """The task run that stands for a subflow, and the subflow."""
    stands_for_it = task_run(parent, StateType.PENDING)
    fields["parent_task_run_id"] = stands_for_it.task_run_id
    made = create(parent_flow_run_id=parent, state=ProposedState(type=type), **fields)
    return stands_for_it, made


def propose(url: str, streams: Streams, *proposals: Proposal) -> None:
    async def sending() -> None:
        redis = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]
        await send(redis, streams, *proposals)
        await redis.aclose()

    asyncio.run(sending())


def counted(api: httpx.Client, kind: str, run: UUID, **state: Any) -> int:
    """How many children of *run* there are in such a state."""
    mine = {"id": {"any_": [str(run)]}}
    if kind == "flow_runs":
        return api.post(
            "/flow_runs/count",
            json={"flow_runs": {"parent_flow_run_id": {"any_": [str(run)]}, "state": state}},
        ).json()
    asked = {"flow_runs": mine, "task_runs": {"state": state}}
    return api.post("/task_runs/count", json=asked).json()


def wait_for(api: httpx.Client, kind: str, run: UUID, count: int, **state: Any) -> None:
    deadline = time.monotonic() + 15
    while (found := counted(api, kind, run, **state)) != count:
        assert time.monotonic() < deadline, f"{found} {kind} instead of {count}"
        time.sleep(0.02)


def test_all_children_of_a_cancelled_run_end_with_it(
    redis_url: str, streams: Streams, tmp_path: Path
) -> None:
    """Edge case 60."""
    parent, deployment = new_id(), new_id()
    alone, alone_run = subflow(parent, StateType.RUNNING)
    deployed, deployed_run = subflow(parent, StateType.RUNNING, deployment_id=deployment)
    waiting, waiting_run = subflow(parent, StateType.SCHEDULED, deployment_id=deployment)
    over, over_run = subflow(parent, StateType.COMPLETED)
    log = Streams(partitions=2, prefix=streams.prefix)
    with Running(redis_url, tmp_path, log.prefix, partitions=2) as it, it.client() as api:
        propose(
            redis_url, log,
            create(parent, state=ProposedState(type=StateType.RUNNING)),
            *(task_run(parent, StateType.RUNNING) for _ in range(TASK_RUNS)),
            task_run(parent, StateType.FAILED),
            alone, deployed, waiting, over, alone_run, deployed_run, waiting_run, over_run,
        )  # fmt: skip
        wait_for(api, "task_runs", parent, TASK_RUNS + 5)
        wait_for(api, "flow_runs", parent, 4)
        asked = api.post(f"/flow_runs/{parent}/set_state", json={"state": {"type": "CANCELLED"}})
        assert asked.json()["status"] == "ACCEPT"
        # of those that stand for subflows, one follows its subflow into cancelling
        wait_for(api, "flow_runs", parent, 2, type={"any_": ["CANCELLED"]})
        wait_for(api, "flow_runs", parent, 1, type={"any_": ["CANCELLING"]})
        wait_for(api, "flow_runs", parent, 1, type={"any_": ["COMPLETED"]})
        wait_for(api, "task_runs", parent, 1, type={"any_": ["FAILED"]})
        ended = {"any_": ["CANCELLED", "CANCELLING", "COMPLETED"]}
        wait_for(api, "task_runs", parent, TASK_RUNS + 4, type=ended)
        found = api.get(f"/flow_runs/{deployed_run.flow_run_id}").json()["state"]
        assert (found["type"], found["message"]) == ("CANCELLING", MESSAGE)
        found = api.get(f"/flow_runs/{alone_run.flow_run_id}").json()["state"]
        assert (found["type"], found["message"]) == ("CANCELLED", MESSAGE)
