"""What was to be sent while nobody was there is sent, and nothing is sent twice."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGKILL
from typing import Any

import httpx
import pytest

from tests.support.dev import Dev
from tests.support.gateway import Running
from tests.support.notifying import block, policy, run, sent, settled
from tests.support.receiver import Receiver
from tests.support.servers import RedisServer, free_port
from tests.support.waiting import comes_true

QUICK = "services_flow_run_notifications_timeout_seconds"
NewDev = Callable[..., Dev]
OFF: dict[str, Any] = {"services_flow_run_notifications_enabled": False}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who is told."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def devs() -> Iterator[NewDev]:
    """Servers as child processes, none of which outlives the test."""
    with ExitStack() as stack:

        def new(root: Path, **settings: Any) -> Dev:
            dev = Dev(root, **settings)
            stack.callback(dev.end)
            return dev

        yield new


def told(receiver: Receiver) -> list[str]:
    return sorted(heard.json()["text"] for heard in receiver.heard)


@pytest.mark.timeout(60)
def test_what_comes_while_nobody_is_there_is_sent_by_the_policies_of_its_time(
    redis_server: RedisServer, tmp_path: Path, receiver: Receiver
) -> None:
    def running(**settings: Any) -> Running:
        return Running(redis_server.url, tmp_path, "down", **settings)

    with running() as server, server.client() as api:
        hook = block(api, {"url": receiver.url})
        template = {"message_template": "{flow_run_name}"}
        id, off, gone = (policy(api, hook, "Failed", **template) for _ in range(3))
        run(api, "Failed", name="first")
        for each in (id, off, gone):
            settled(api, each)
    with running(**OFF) as server, server.client() as api:
        run(api, "Failed", name="second")
        api.patch(f"/flow_run_notification_policies/{off}", json={"is_active": False})
        api.delete(f"/flow_run_notification_policies/{gone}")
        late = policy(api, hook, "Failed", **template)
        run(api, "Failed", name="third")
        run(api, "Running", name="fourth")
    with running() as server, server.client() as api:
        settled(api, id, 3)
        settled(api, off, 2)
        settled(api, late)
        run(api, "Failed", name="fifth")
        settled(api, late, 2)
        settled(api, id, 4)
        assert [len(sent(api, each)) for each in (id, off, gone, late)] == [4, 2, 1, 2]
    names = ["first"] * 3 + ["second"] * 2 + ["third"] * 2 + ["fifth"] * 2
    assert told(receiver) == sorted(names)


def test_a_notifier_that_begins_late_leaves_alone_what_was_before_the_policy(
    redis_server: RedisServer, tmp_path: Path, receiver: Receiver
) -> None:
    with Running(redis_server.url, tmp_path, "late", **OFF) as server, server.client() as api:
        run(api, "Failed", name="before")
        id = policy(api, block(api, {"url": receiver.url}), message_template="{flow_run_name}")
        run(api, "Failed", name="after")
        assert sent(api, id) == []
    with Running(redis_server.url, tmp_path, "late") as server, server.client() as api:
        settled(api, id, 2)
    assert set(told(receiver)) == {"after"}


@pytest.mark.timeout(60)
def test_two_notifiers_send_once(
    redis_server: RedisServer, tmp_path: Path, receiver: Receiver
) -> None:
    both = [Running(redis_server.url, tmp_path / name, "two") for name in ("a", "b")]
    with both[0] as first, both[1], first.client() as api:
        id = policy(api, block(api, {"url": receiver.url}), "Completed")
        for _ in range(20):
            run(api, "Completed")
        found = settled(api, id, 20)
    assert {one["outcome"] for one in found} == {"sent"}
    assert len(found) == len(receiver.heard) == 20


@pytest.mark.timeout(60)
def test_a_clean_stop_finishes_what_is_being_sent_and_keeps_the_rest(
    tmp_path: Path, receiver: Receiver, devs: NewDev
) -> None:
    dev = devs(tmp_path / "data", **{QUICK: 9}).start()
    with httpx.Client(base_url=dev.url, timeout=20) as api:
        receiver.gate.clear()
        id = policy(api, block(api, {"url": receiver.url}), "Failed")
        away = policy(
            api, block(api, {"url": f"http://127.0.0.1:{(port := free_port())}"}), "Failed"
        )
        for _ in range(2):
            run(api, "Failed")
        assert comes_true(lambda: len(receiver.heard) == 1, 10)
        assert comes_true(lambda: len(sent(api, away)) == 1, 10)
    dev.ask_to_stop()
    assert comes_true(lambda: "stopping" in dev.said(), 10)
    receiver.gate.set()
    assert dev.ended() == 0
    assert len(receiver.heard) == 1

    with Receiver(port) as other:
        dev.start()
        with httpx.Client(base_url=dev.url, timeout=20) as api:
            for each in (id, away):
                found = settled(api, each, 2)
                assert [one["outcome"] for one in found] == ["sent", "sent"]
        assert dev.stop() == 0
        assert len(receiver.heard) == len(other.heard) == 2


@pytest.mark.timeout(90)
def test_what_was_being_sent_when_it_was_killed_is_unknown_and_not_sent_again(
    tmp_path: Path, receiver: Receiver, devs: NewDev
) -> None:
    dev = devs(tmp_path / "data", **{QUICK: 2}).start()
    with httpx.Client(base_url=dev.url, timeout=20) as api:
        id = policy(api, block(api, {"url": receiver.url}), "Failed")
        run(api, "Failed")
        settled(api, id)
        receiver.gate.clear()
        for _ in range(2):
            run(api, "Failed")
        assert comes_true(lambda: len(receiver.heard) == 2, 10)
    dev.stop(SIGKILL)
    receiver.gate.set()

    dev.start()
    with httpx.Client(base_url=dev.url, timeout=20) as api:
        assert comes_true(
            lambda: [one["outcome"] for one in sent(api, id)][1:] == ["unknown", "sent"], 40
        )
    assert "notification_unknown" in dev.said()
    assert dev.stop() == 0
    assert len(receiver.heard) == 3
