"""Frames on the WebSockets: after whatever nonsense, the next peer is served."""

import json
from itertools import cycle
from typing import Any

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from headgate.clock import new_id, now
from tests.fuzz.findings import Findings
from tests.fuzz.mutating import Mutator
from tests.support.sockets import event, task_run_event

AUTH = b'{"type":"auth","token":null}'
ANSWER_S = 10.0
FRAMES_OF_ONE = 12
"""Frames that are sent on one connection, as far as it lasts."""

ABRUPT = {1006, 1011}
"""A connection that just ends, and one that ends with a fault of the server's."""


def examples(things: dict[str, str]) -> dict[str, list[Any]]:
    """What peers say on each socket after they have been admitted."""
    since = {"since": now().isoformat(), "until": "2099-01-01T00:00:00Z"}
    run, task = things["/flow_runs/"], things["/task_runs/"]
    worker = {
        "consumer_id": str(new_id()), "worker_name": "w", "worker_type": "process",
        "heartbeat_interval_seconds": 30, "work_queue_names": [], "handled_cleanup_kinds": [],
        "supported_channel_versions": ["work_pool_worker_channel.v1"],
        "requested_capabilities": ["worker_heartbeat.v1", "work_pool_snapshot.v1"],
        "max_cleanup_concurrency": None, "create_pool_if_not_found": False,
        "default_base_job_template": None, "worker_metadata": None,
    }  # fmt: skip
    hello = {"type": "worker.hello.v1", "id": str(new_id()), "sent_at": now().isoformat()}
    return {
        "/events/in": [
            event("a.b", f"prefect.flow-run.{run}", related=[{"prefect.resource.id": "x"}]),
            task_run_event(task, run, "RUNNING"),
            task_run_event(task, run, "COMPLETED", name="t", task_inputs={}),
        ],
        "/events/out": [
            {"type": "filter", "filter": {
                "occurred": since, "event": {"prefix": ["prefect."], "name": ["a.b"]},
                "resource": {"id": ["x"], "labels": {"a": "b"}}, "related": None,
                "id": {"id": []}, "order": "DESC"}, "backfill": True},
        ],
        "/logs/out": [
            {"type": "filter", "filter": {
                "level": {"ge_": 20, "le_": 50}, "flow_run_id": {"any_": [run]},
                "timestamp": {"after_": now().isoformat(), "before_": None}, "text": None}},
        ],
        "/task_runs/subscriptions/scheduled": [
            {"type": "subscribe", "keys": ["t"], "client_id": "host-1"},
            {"type": "ack"},
            {"type": "quit"},
        ],
        f"/work_pools/{things['/work_pools/']}/workers/connect": [{**hello, "payload": worker}],
    }  # fmt: skip


def fuzz_frames(
    url: str, number: int, mutator: Mutator, things: dict[str, str], findings: Findings
) -> None:
    """Send *number* mutated frames over all sockets of the API at *url*."""
    socket_url, known = url.replace("http", "ws", 1), [*things.values()]
    sayings = {path: said for path, said in examples(things).items() if _is_there(socket_url, path)}
    last = findings.asked["frames"] + number
    for path in cycle(sayings):
        if findings.asked["frames"] >= last:
            break
        first = AUTH if mutator.lots.random() < 0.9 else mutator.mutated(json.loads(AUTH), known)
        frames = [first]
        frames += [
            mutator.mutated(mutator.lots.choice(sayings[path]), known)
            for _ in range(mutator.lots.randrange(1, FRAMES_OF_ONE))
        ]
        findings.asked["frames"] += len(frames)
        _say(socket_url + path, path, frames, mutator, findings)
    for path in sayings:
        if not _is_there(socket_url, path):
            findings.found(path, "nobody is admitted any more", "")


def _opened(url: str) -> ClientConnection:
    return connect(url, subprotocols=[Subprotocol("prefect")], ping_interval=None, max_size=None)


def _is_there(socket_url: str, path: str) -> bool:
    try:
        with _opened(socket_url + path) as connection:
            connection.send(AUTH, text=True)
            return "auth_success" in str(connection.recv(timeout=ANSWER_S))
    except (OSError, WebSocketException):
        return False


def _say(url: str, path: str, frames: list[bytes], mutator: Mutator, findings: Findings) -> None:
    shown = b" ; ".join(frames).decode(errors="replace")
    try:
        with _opened(url) as connection:
            for frame in frames:
                # text that is no UTF-8 is a fault of the protocol, and answered by it
                text = mutator.lots.random() < 0.9
                connection.send(frame.decode(errors="replace") if text else frame)
            connection.ping()
            _hear(connection, path, shown, findings)
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd is not None else 1006
        if code in ABRUPT:
            findings.found(path, f"closed with {code}", shown)
    except (OSError, WebSocketException) as error:
        findings.found(path, f"{type(error).__name__}: {error}"[:80], shown)


def _hear(connection: ClientConnection, path: str, shown: str, findings: Findings) -> None:
    """Read what comes for a moment: each message is an object of a kind."""
    while True:
        try:
            message = connection.recv(timeout=0.02)
        except TimeoutError:
            return
        said = json.loads(message)
        if not isinstance(said, dict) or not ({"type", "id"} & said.keys()):
            findings.found(path, "an answer that is no message", f"{message!r} to {shown}")
