"""Who polls a queue under an id is an agent, is noted now and then, and goes with the queue."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import httpx
import pytest
import redis as blocking

from events.proposals import AmendResource, StoreResource
from events.resources.administration.api_keys import ApiKey
from headgate.client import Headgate
from headgate.clock import new_id, new_key, now
from services.gateway.access.credentials import hash_of
from tests.support.gateway import Running

_numbers = count(1)


def queue_of_my_own(api: httpx.Client) -> str:
    """The id of a queue that no other test uses."""
    made = api.post("/work_queues/", json={"name": f"agents-{next(_numbers)}"})
    assert made.status_code == 201
    return made.json()["id"]


@pytest.fixture
def queue(api: httpx.Client) -> str:
    """The id of a queue."""
    return queue_of_my_own(api)


@pytest.fixture
def agent() -> str:
    """The id of an agent that nobody knows yet."""
    return str(new_id())


def polls(api: httpx.Client, agent: str | None, queue: str) -> httpx.Response:
    return api.post(f"/work_queues/{queue}/get_runs", json={"agent_id": agent})


def test_an_agent_is_who_polls(api: httpx.Client, agent: str, queue: str) -> None:
    began = now()
    assert polls(api, agent, queue).json() == []
    seen = api.get(f"/agents/{agent}").json()

    assert (seen["id"], seen["work_queue_id"]) == (agent, queue)
    assert len(seen["name"].split("-")) == 2
    active = datetime.fromisoformat(seen["last_activity_time"])
    assert began <= active <= now()
    polled = api.get(f"/work_queues/{queue}").json()
    assert polled["status"] == "READY"
    assert datetime.fromisoformat(polled["last_polled"]) >= began


def test_who_says_no_id_is_no_agent(api: httpx.Client, queue: str) -> None:
    for body in ({}, {"agent_id": None}):
        assert api.post(f"/work_queues/{queue}/get_runs", json=body).json() == []

    demands = {"agents": {"work_queue_id": {"any_": [queue]}}}
    assert api.post("/agents/filter", json=demands).json() == []
    assert api.get(f"/work_queues/{queue}").json()["last_polled"] is None


def test_an_agent_that_polls_often_is_noted_now_and_then(
    api: httpx.Client, agent: str, queue: str
) -> None:
    polls(api, agent, queue)
    first = api.get(f"/agents/{agent}").json()
    for _ in range(3):
        assert polls(api, agent, queue).status_code == 200

    assert api.get(f"/agents/{agent}").json() == first


async def _proposed(gateway: Running, proposal: StoreResource | AmendResource) -> None:
    async with Headgate(gateway.redis_url, prefix=gateway.prefix) as headgate:
        await headgate.propose(proposal)


def test_an_agent_that_was_not_noted_lately_is_noted_where_it_polls(
    gateway: Running, api: httpx.Client, agent: str, queue: str
) -> None:
    polls(api, agent, queue)
    first = api.get(f"/agents/{agent}").json()
    before = {"last_activity_time": "2026-11-20T12:00:00Z"}
    ago = AmendResource(id=f"ago {agent}", kind="agent", resource_id=UUID(agent), fields=before)
    anyio.run(_proposed, gateway, ago)
    other = queue_of_my_own(api)
    polls(api, agent, other)

    again = api.get(f"/agents/{agent}").json()
    assert again["last_activity_time"] >= first["last_activity_time"]
    assert (again["work_queue_id"], again["name"]) == (other, first["name"])
    assert api.delete(f"/work_queues/{queue}").status_code == 204
    assert api.get(f"/agents/{agent}").status_code == 200


def test_an_agent_goes_with_its_queue(api: httpx.Client, agent: str) -> None:
    pool = f"agents-{next(_numbers)}"
    api.post("/work_pools/", json={"name": pool})
    for path in (f"/work_pools/{pool}/queues/a", f"/work_pools/{pool}"):
        queue = api.post(f"/work_pools/{pool}/queues", json={"name": "a"}).json()["id"]
        polls(api, agent, queue)
        assert api.get(f"/agents/{agent}").status_code == 200
        assert api.delete(path).status_code == 204
        gone = api.get(f"/agents/{agent}")
        assert (gone.status_code, gone.json()) == (404, {"detail": "Agent not found."})
        assert api.post("/agents/filter", json={"agents": {"id": {"any_": [agent]}}}).json() == []
        assert polls(api, agent, queue).status_code == 404


def test_agents_are_listed_the_liveliest_first(api: httpx.Client, queue: str) -> None:
    agents = [str(new_id()) for _ in range(3)]
    for agent in agents:
        polls(api, agent, queue)
    here = {"work_queue_id": {"any_": [queue]}}

    def listed(demands: dict[str, Any], **page: Any) -> list[str]:
        answer = api.post("/agents/filter", json={"agents": {**here, **demands}, **page})
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()]

    name = api.get(f"/agents/{agents[0]}").json()["name"]
    assert listed({}) == agents[::-1]
    assert listed({}, limit=1, offset=1) == [agents[1]]
    assert listed({"id": {"any_": agents[:1]}}) == agents[:1]
    assert agents[0] in listed({"name": {"any_": [name]}})
    assert listed({"last_activity_time": {"after_": now().isoformat()}}) == []
    assert api.post("/agents/filter", json={"agents": {"size": {}}}).status_code == 422


def test_an_agent_may_have_the_id_of_something_else(api: httpx.Client, queue: str) -> None:
    assert polls(api, queue, queue).json() == []
    for place in ("agents", "work_queues"):
        assert api.get(f"/{place}/{queue}").json()["id"] == queue
        (listed,) = api.post(f"/{place}/filter", json={place: {"id": {"any_": [queue]}}}).json()
        assert listed["id"] == queue


def test_an_id_that_is_none_is_refused(api: httpx.Client, queue: str, unknown: str) -> None:
    wrong = polls(api, "somebody", queue)
    assert wrong.status_code == 422
    assert wrong.json()["exception_detail"][0]["loc"] == ["body", "agent_id"]
    assert polls(api, unknown, unknown).status_code == 404


@pytest.fixture
def keyed(redis_url: str, tmp_path: Path) -> Iterator[Running]:
    """A gateway that asks for a key or the auth string."""
    prefix = "test-agents"
    with Running(redis_url, tmp_path, prefix, api_auth_string="admin:pass") as running:
        yield running
    client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        client.unlink(*client.scan_iter(f"{prefix}:*"))


def test_who_may_only_read_looks_at_a_queue_and_is_no_agent(keyed: Running, agent: str) -> None:
    said = new_key()
    key = ApiKey(id=new_id(), name="reader", scope="read", hash=hash_of(said))
    anyio.run(_proposed, keyed, StoreResource(id=str(key.id), resource=key))
    with keyed.client(auth=("admin", "pass")) as admin:
        queue = queue_of_my_own(admin)
        with keyed.client(headers={"authorization": f"Bearer {said}"}) as reader:
            assert polls(reader, None, queue).status_code == 200
            refused = polls(reader, agent, queue)
        assert refused.status_code == 403
        assert "'propose'" in refused.json()["exception_message"]
        assert admin.get(f"/agents/{agent}").status_code == 404
