"""What engines tell of their task runs is recorded once, and a pong says that it is kept."""

import json

import httpx
import pytest
from anyio import to_thread
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed, InvalidStatus

from events.log.redis import RedisEventLog
from events.streams import Streams
from headgate.clock import new_id
from tests.support.gateway import Running
from tests.support.sockets import (
    ANSWER_S,
    event,
    is_answered,
    opened,
    say,
    socket,
    task_run_event,
)
from tests.support.waiting import comes_true, wait_until

PATH = "/events/in"


def test_a_task_run_is_recorded_as_its_engine_tells(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    id = str(new_id())
    told = [
        task_run_event(id, run_id, "PENDING", run_count=0, name="t-1"),
        task_run_event(id, run_id, "RUNNING", run_count=1, tags=["x"]),
    ]
    with socket(gateway, PATH) as connection:
        for one in told:
            say(connection, one)
        assert is_answered(connection)
    task_run = api.get(f"/task_runs/{id}").json()
    assert (task_run["state_type"], task_run["run_count"]) == ("RUNNING", 1)
    assert (task_run["name"], task_run["tags"]) == ("t-1", ["x"])
    assert task_run["state_id"] == told[1]["id"]
    states = api.get("/task_run_states/", params={"task_run_id": id}).json()
    assert [state["id"] for state in states] == [one["id"] for one in told]
    details = states[0]["state_details"]
    assert (details["flow_run_id"], details["task_run_id"]) == (run_id, id)
    wanted = {"flow_runs": {"id": {"any_": [run_id]}}}
    assert [run["id"] for run in api.post("/task_runs/filter", json=wanted).json()] == [id]


def test_an_event_sent_again_is_one_state(gateway: Running, api: httpx.Client, run_id: str) -> None:
    id = str(new_id())
    told = task_run_event(id, run_id, "RUNNING")
    for _ in range(2):
        with socket(gateway, PATH) as connection:
            say(connection, told)
            say(connection, told)
            assert is_answered(connection)
    states = api.get("/task_run_states/", params={"task_run_id": id}).json()
    assert [state["id"] for state in states] == [told["id"]]


def test_a_task_run_needs_no_flow_run_and_nulls_are_left_out(
    gateway: Running, api: httpx.Client
) -> None:
    id = str(new_id())
    with socket(gateway, PATH) as connection:
        say(connection, task_run_event(id, None, "COMPLETED", name="n", cache_key=None, bogus=1))
        assert is_answered(connection)
    task_run = api.get(f"/task_runs/{id}").json()
    assert (task_run["flow_run_id"], task_run["name"]) == (None, "n")


def test_other_events_are_taken(gateway: Running) -> None:
    with socket(gateway, PATH) as connection:
        say(connection, event("my.event", "r"))
        say(connection, task_run_event(str(new_id()), None, "RUNNING") | {"resource": {
            "prefect.resource.id": "prefect.task-run.not-of-an-engine"}})  # fmt: skip
        assert is_answered(connection)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("nope", "malformed"),
        (json.dumps({"event": "e"}), "missing required field"),
        (json.dumps(event("e", "")), "prefect.resource.id"),
        (json.dumps({**event("e", "r"), "id": "x"}), "UUID"),
        (json.dumps(task_run_event("x", None, "RUNNING")), "badly formed"),
        (json.dumps(task_run_event("11111111-2222-4333-8444-555555555555", None, "NOPE")), "enum"),
    ],
)
async def test_a_frame_that_is_no_event_is_kept_as_a_dead_letter_and_its_neighbours_are_taken(
    gateway: Running, api: httpx.Client, redis: Redis, frame: str, reason: str
) -> None:
    id = str(new_id())
    marked = frame + " " * (1 + id.__hash__() % 50)
    with socket(gateway, PATH) as connection:
        connection.send(marked)
        say(connection, task_run_event(id, None, "RUNNING"))
        assert is_answered(connection)
    task_run = await to_thread.run_sync(api.get, f"/task_runs/{id}")
    assert task_run.json()["state_type"] == "RUNNING"
    streams = Streams(prefix=gateway.prefix)
    log = RedisEventLog(redis, streams)

    async def kept() -> list[dict[str, str]]:
        letters = await log.dead_letters(streams.control)
        bodies = [json.loads(letter.body) for _, letter in letters]
        return [body for body in bodies if body.get("frame") == marked]

    async def is_kept() -> bool:
        return bool(await kept())

    await wait_until(is_kept)
    (body,) = await kept()
    assert reason in body["reason"]


def test_pings_are_answered_before_anybody_is_known(gateway: Running) -> None:
    with opened(gateway, PATH) as connection:
        assert is_answered(connection)
        say(connection, {"type": "auth", "token": None})
        assert json.loads(connection.recv(timeout=ANSWER_S)) == {"type": "auth_success"}
        assert connection.subprotocol == "prefect"


@pytest.mark.parametrize("first", ['{"type":"filter"}', "hello", "[1]", "{}"])
@pytest.mark.parametrize("path", ["/events/in", "/events/out"])
def test_the_first_message_must_say_who_it_is(gateway: Running, path: str, first: str) -> None:
    with opened(gateway, path) as connection:
        connection.send(first)
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Expected 'auth' message")


def test_without_the_subprotocol_there_is_no_first_message(
    gateway: Running, api: httpx.Client
) -> None:
    id = str(new_id())
    with opened(gateway, PATH, "other") as connection:
        say(connection, task_run_event(id, None, "RUNNING"))
        assert is_answered(connection)
    assert api.get(f"/task_runs/{id}").status_code == 200


def test_an_unknown_path_is_refused(gateway: Running) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(gateway, "/nope/out"):
        pass
    assert refused.value.response.status_code == 403


def test_what_an_engine_tells_is_found_once_as_an_event(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    task_run_id = str(new_id())
    told = task_run_event(task_run_id, run_id, "RUNNING", name="load-1")
    with socket(gateway, "/events/in") as connection:
        assert is_answered(connection)
        say(connection, told)
        connection.ping().wait(5)
    wanted = {"resource": {"id": [f"prefect.task-run.{task_run_id}"]}}
    found = api.post("/events/filter", json={"filter": wanted}).json()
    assert found["total"] == 1
    (event,) = found["events"]
    assert (event["id"], event["event"]) == (told["id"], "prefect.task-run.Running")
    assert event["payload"]["task_run"]["name"] == "load-1"
    assert event["related"][0]["prefect.resource.id"] == f"prefect.flow-run.{run_id}"


def test_what_a_client_tells_before_it_closes_is_recorded_though_no_pong_reaches_it(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    count = 300
    with socket(gateway, PATH, compression=None) as connection:
        # in one piece, and past a library that would wait for the pongs
        with connection.protocol_mutex:
            protocol = connection.protocol
            for number in range(count):
                told = task_run_event(str(new_id()), run_id, "COMPLETED")
                protocol.send_text(json.dumps(told).encode())
                if number % 50 == 25:
                    protocol.send_ping(b"%d" % number)
            protocol.send_close(1000)
            everything = b"".join(protocol.data_to_send())
        connection.socket.sendall(everything)
    wanted = {"flow_runs": {"id": {"any_": [run_id]}}}
    assert comes_true(lambda: api.post("/task_runs/count", json=wanted).json() == count, 10)
