"""Keys let in those who have them, for what they are for, and decisions say whose they were."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from events.proposals import RemoveResource, StoreResource
from events.resources.administration.api_keys import ApiKey, Scope
from headgate.client import Headgate
from headgate.clock import new_id, new_key
from services.gateway.access.credentials import hash_of
from services.gateway.routes import OPERATIONS
from tests.support.gateway import Running
from tests.support.servers import RedisServer
from tests.support.sockets import ANSWER_S, heard, opened, say
from tests.support.waiting import wait_until

Make = Callable[[Scope], httpx.Client]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway that nobody enters without a key."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    directory = tmp_path_factory.mktemp("keys")
    with Running(server.url, directory, "keys", api_keys_required=True) as running:
        yield running
    server.kill()


async def made(gateway: Running, scope: Scope) -> tuple[ApiKey, str]:
    """A new key, and what its owner knows of it."""
    said = new_key()
    key = ApiKey(id=new_id(), name=f"{scope}-{said[-6:]}", scope=scope, hash=hash_of(said))
    async with Headgate(gateway.redis_url, prefix=gateway.prefix) as headgate:
        await headgate.propose(StoreResource(id=str(key.id), resource=key))
    return key, said


def client(gateway: Running, said: str) -> httpx.Client:
    return gateway.client(headers={"authorization": f"Bearer {said}"})


@pytest.mark.anyio
async def test_who_may_read_changes_nothing(gateway: Running) -> None:
    _, said = await made(gateway, "read")
    with client(gateway, said) as reader:
        assert reader.get("/admin/version").status_code == 200
        mine = {"flows": {"name": {"any_": ["etl"]}}}
        assert reader.post("/flows/filter", json=mine).json() == []
        refused = reader.post("/flows/", json={"name": "etl"})
        assert refused.status_code == 403
        assert refused.json() == {
            "exception_message": "Forbidden: this needs a key with the scope 'propose'"
        }
        assert reader.post("/flows/filter", json=mine).json() == []


@pytest.mark.anyio
async def test_a_decision_says_whose_key_asked(gateway: Running) -> None:
    key, said = await made(gateway, "propose")
    with client(gateway, said) as worker:
        flow = worker.post("/flows/", json={"name": "signed"}).json()
        run = worker.post("/flow_runs/", json={"flow_id": flow["id"]}).json()
    async with Headgate(gateway.redis_url, prefix=gateway.prefix) as headgate:
        log, streams = headgate.log, headgate.log.streams
        entries = [entry for each in streams.every() for entry in await log.entries(each)]
    signed = [entry for entry in entries if f'"by":"key {key.name}"'.encode() in entry.body]
    assert len(signed) == 2
    assert any(run["id"].encode() in entry.body for entry in signed)
    assert not any(said.encode() in entry.body for entry in entries)


@pytest.mark.anyio
async def test_a_key_that_has_ended_lets_nobody_in(gateway: Running) -> None:
    key, said = await made(gateway, "admin")
    with client(gateway, said) as admin:
        assert admin.get("/admin/version").status_code == 200
        ending = RemoveResource(id="end", kind="api_key", resource_id=key.id)
        async with Headgate(gateway.redis_url, prefix=gateway.prefix) as headgate:
            await headgate.propose(ending)
        await wait_until(lambda: admin.get("/admin/version").status_code == 401)


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer hg_no", "bearer x", "Basic OnBhc3M=", "hg_no"]
)
def test_a_stranger_stays_out(gateway: Running, said: str) -> None:
    headers = {"authorization": said} if said else {}
    for path in ("/admin/version", "/flows/name/health", "/nope"):
        assert httpx.get(gateway.url + path, headers=headers).status_code == 401
    assert httpx.get(gateway.url + "/health").status_code == 200


@pytest.mark.anyio
async def test_a_socket_asks_for_a_key_that_is_meant_for_it(gateway: Running) -> None:
    _, said = await made(gateway, "read")
    with opened(gateway, "/events/out") as connection:
        say(connection, {"type": "auth", "token": said})
        assert heard(connection) == {"type": "auth_success"}
    with opened(gateway, "/events/in") as connection:
        say(connection, {"type": "auth", "token": said})
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.reason == "This needs a key with the scope 'propose'"


def test_only_what_looks_is_for_readers() -> None:
    """Whoever adds an operation that changes something under a name that looks is found out."""
    looking = {one.path for one in OPERATIONS if one.method == "POST" and one.scope == "read"}
    assert {path.rpartition("/")[2] for path in looking} == {
        "apply", "concurrency_status", "count", "count-deployments", "count-task-runs", "counts",
        "filter", "get_runs", "history", "lateness", "next-runs", "paginate", "validate",
        "{countable}",
    }  # fmt: skip
    for one in OPERATIONS:
        if one.is_for_admins:
            assert one.scope == "admin"
        elif one.method == "GET":
            assert one.scope == "read"
        elif one.path.startswith("/admin/"):
            assert one.scope == "admin"
        elif one.path not in looking:
            assert one.scope == "propose", one.path
