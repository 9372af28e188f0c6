"""What a policy wants told of a run is sent once, whatever way the state was entered."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.notifying import ALL, block, enter, policy, run, sent, settled
from tests.support.receiver import Receiver
from tests.support.servers import free_port
from tests.support.waiting import comes_true


@pytest.fixture(scope="module")
def gateway(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything, on short notice."""
    directory = tmp_path_factory.mktemp("notifier")
    settings: dict[str, Any] = {
        "services_late_runs_after_seconds": 0,
        "services_flow_run_notifications_timeout_seconds": 2,
        "public_api_url": "https://example.com/api/",
    }
    with Running(redis_url, directory, "notifier", **settings) as running:
        yield running


@pytest.fixture
def api(gateway: Running) -> Iterator[httpx.Client]:
    """A client of it."""
    with gateway.client() as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who is told."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def hook(api: httpx.Client, receiver: Receiver) -> str:
    """A block that tells the receiver."""
    return block(api, {"url": f"{receiver.url}/hook"})


def texts(receiver: Receiver) -> list[str]:
    return [heard.json()["text"] for heard in receiver.heard]


def test_a_run_that_fails_is_told_of_once(api: httpx.Client, receiver: Receiver, hook: str) -> None:
    template = "|".join(
        f"{{{name}}}"
        for name in (
            *("flow_run_notification_policy_id", "flow_id", "flow_name", "flow_run_url"),
            *("flow_run_id", "flow_run_name", "flow_run_parameters", "flow_run_state_type"),
            *("flow_run_state_name", "flow_run_state_message"),
        )
    )
    id = policy(api, hook, "Failed", message_template=template)
    run_id = run(api, "Running", name="tall-ibis", parameters={"a": [1]})
    enter(api, run_id, "Failed", message="out of luck")

    (record,) = settled(api, id)
    flow_id = api.get(f"/flow_runs/{run_id}").json()["flow_id"]
    assert texts(receiver) == [
        "|".join(
            (
                *(id, flow_id, "etl", f"https://example.com/api/flow_runs/{run_id}", run_id),
                *("tall-ibis", '{"a":[1]}', "FAILED", "Failed", "out of luck"),
            )
        )
    ]
    assert {name: record[name] for name in ("policy_id", "flow_run_id", "state_name")} == {
        "policy_id": id,
        "flow_run_id": run_id,
        "state_name": "Failed",
    }
    assert (record["outcome"], record["detail"], record["attempts"]) == ("sent", None, 1)
    assert record["state_id"] == api.get(f"/flow_runs/{run_id}").json()["state"]["id"]


def test_states_are_told_of_in_order_on_every_way_into_them(
    api: httpx.Client, receiver: Receiver, hook: str
) -> None:
    id = policy(api, hook, message_template="{flow_run_state_name} {flow_run_state_timestamp}")
    scheduled: dict[str, Any] = {
        "type": "SCHEDULED",
        "state_details": {"scheduled_time": "2026-01-01T00:00:00Z"},
    }
    run_id = run(api, state=scheduled)
    settled(api, id, 2)
    enter(api, run_id, "Running", name="Zögerlich")
    enter(api, run_id, "Completed")

    settled(api, id, 4)
    assert [text.partition(" ")[0] for text in texts(receiver)] == [
        *("Scheduled", "Late", "Zögerlich", "Completed")
    ]
    assert texts(receiver)[0].endswith("+00:00")
    api.delete(f"{ALL}/{id}")


def test_what_no_policy_wants_is_not_told_of(
    api: httpx.Client, receiver: Receiver, hook: str
) -> None:
    wanted = policy(api, hook, "Crashed", "Failed", tags=["nightly", "x"])
    for fields in ({"is_active": False}, {"tags": ["other"]}):
        policy(api, hook, "Failed", **fields)
    policy(api, hook, "Completed")
    late = policy(api, hook, "Failed")
    api.patch(f"{ALL}/{late}", json={"is_active": False})

    run(api, "Failed")
    run(api, "Failed", tags=["weekly"])
    run(api, "Running", tags=["nightly"])
    told = run(api, "Failed", tags=["nightly"])

    (record,) = settled(api, wanted)
    assert record["flow_run_id"] == told
    assert len(receiver.heard) == 1
    assert "is Failed since" in texts(receiver)[0]


def test_a_policy_that_is_deleted_or_switched_off_tells_no_more(
    api: httpx.Client, receiver: Receiver, hook: str
) -> None:
    gone, off, on = (policy(api, hook, "Cancelled") for _ in range(3))
    run(api, "Cancelled")
    for id in (gone, off, on):
        settled(api, id)
    api.delete(f"{ALL}/{gone}")
    api.patch(f"{ALL}/{off}", json={"is_active": False})
    run(api, "Cancelled")

    assert len(settled(api, on, 2)) == 2
    assert len(sent(api, off)) == len(sent(api, gone)) == 1
    assert len(receiver.heard) == 4
    api.patch(f"{ALL}/{off}", json={"is_active": True})
    run(api, "Cancelled")
    assert len(settled(api, off, 2)) == 2
    api.delete(f"{ALL}/{off}")
    api.delete(f"{ALL}/{on}")


def test_what_was_before_a_policy_is_not_told_of(
    api: httpx.Client, receiver: Receiver, hook: str
) -> None:
    for _ in range(3):
        run(api, "Crashed")
    id = policy(api, hook, "Crashed")
    told = run(api, "Crashed")

    (record,) = settled(api, id)
    assert (record["flow_run_id"], len(receiver.heard)) == (told, 1)


def test_a_webhook_is_sent_as_its_block_describes_it(api: httpx.Client, receiver: Receiver) -> None:
    data: dict[str, Any] = {
        "name": "mine",
        "url": f"{receiver.url}/{{{{ path }}}}",
        "method": "PUT",
        "params": {"by": "{{name}}"},
        "headers": {"x-token": "{{token}}"},
        "json_data": {"subject": "{{subject}}", "all": ["{{body}}", 1, "{{nobody}}"]},
        "form_data": None,
        "secrets": {"token": "canary", "path": "way"},
    }
    hook = block(api, data, ("secrets.*", "url"))
    id = policy(api, hook, "Failed", message_template="{flow_run_state_name}")
    run(api, "Failed")

    (record,) = settled(api, id)
    assert record["outcome"] == "sent"
    (heard,) = receiver.heard
    assert (heard.method, heard.path, heard.headers["x-token"]) == ("PUT", "/way?by=mine", "canary")
    assert heard.json() == {
        "subject": "Flow run notification",
        "all": ["Failed", 1, "{{nobody}}"],
    }


def test_a_form_is_sent_as_one(api: httpx.Client, receiver: Receiver) -> None:
    hook = block(api, {"url": receiver.url, "form_data": {"text": "{{body}}"}})
    id = policy(api, hook, "Failed", message_template="a b")
    run(api, "Failed")

    settled(api, id)
    assert receiver.heard[0].body == b"text=a+b"


def test_a_service_is_told_by_its_url(api: httpx.Client, receiver: Receiver) -> None:
    url = receiver.url.replace("http://", "json://")
    hook = block(api, {"url": f"{url}/service", "notify_type": "failure"}, ("url",))
    id = policy(api, hook, "Failed", message_template="{flow_run_state_name}")
    run(api, "Failed")

    (record,) = settled(api, id)
    assert (record["outcome"], record["detail"]) == ("sent", None)
    assert receiver.heard[0].json()["message"] == "Failed"
    assert receiver.heard[0].json()["type"] == "failure"


@pytest.mark.parametrize("scheme", ["http", "json"])
def test_a_receiver_that_comes_back_is_told(api: httpx.Client, scheme: str) -> None:
    port = free_port()
    id = policy(api, block(api, {"url": f"{scheme}://127.0.0.1:{port}/x"}), "Failed")
    run_id = run(api, "Failed")
    assert comes_true(lambda: any(one["attempts"] > 1 for one in sent(api, id)), 10)
    with Receiver(port) as receiver:
        (record,) = settled(api, id)
        assert len(receiver.heard) == 1
    assert (record["outcome"], record["flow_run_id"]) == ("sent", run_id)
    assert record["attempts"] > 1


@pytest.mark.parametrize(
    ("data", "status", "outcome", "detail"),
    [
        ({}, 500, "failed", "the receiver answered 500"),
        ({}, 302, "failed", "the receiver answered 302: redirects are not followed"),
        ({"method": "TRACE IT"}, 200, "failed", "the block does not describe a request"),
        ({"url": None}, 200, "failed", "the block has no url"),
        ({"url": "nobody knows"}, 200, "failed", "the block's url is of no service that is known"),
        ({"url": "syslog://"}, 200, "failed", "the service is one of the notifier's own machine"),
        ({"allow_private_urls": False}, 200, "failed", "the host is on a private network"),
        ({"as": "json"}, 403, "failed", "the service answered 403"),
        ({"as": "json"}, 302, "failed", "the service answered 302"),
        (
            {"as": "json", "allow_private_urls": False},
            *(200, "failed", "the host is on a private network"),
        ),
    ],
)
def test_what_is_not_taken_is_recorded_with_its_reason(
    api: httpx.Client,
    receiver: Receiver,
    data: dict[str, Any],
    status: int,
    outcome: str,
    detail: str,
) -> None:
    receiver.status, receiver.headers = status, {"location": f"{receiver.url}/elsewhere"}
    scheme = data.pop("as", "http")
    whole = {"url": receiver.url.replace("http", scheme, 1), **data}
    id = policy(api, block(api, whole), "Failed")
    run(api, "Failed")

    (record,) = settled(api, id)
    assert (record["outcome"], record["detail"], record["attempts"]) == (outcome, detail, 1)
    assert [heard.path for heard in receiver.heard] in ([], ["/"])


@pytest.mark.parametrize("scheme", ["http", "json"])
def test_who_does_not_answer_may_have_it_and_holds_nobody_up(
    api: httpx.Client, receiver: Receiver, scheme: str
) -> None:
    receiver.gate.clear()
    slow = policy(api, block(api, {"url": receiver.url.replace("http", scheme, 1)}), "Failed")
    with Receiver() as other:
        fast = policy(api, block(api, {"url": other.url}), "Failed")
        run(api, "Failed")
        assert settled(api, fast)[0]["outcome"] == "sent"
        assert sent(api, slow)[0]["outcome"] == "claimed"
    (record,) = settled(api, slow)
    assert (record["outcome"], record["attempts"]) == ("unknown", 1)
    assert record["detail"] in (
        "no answer within 2 s",
        "the service did not say that it took it",
    )
    assert len(receiver.heard) == 1
