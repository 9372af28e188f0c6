"""Slots of limits are taken, waited for, renewed and given back by the unmodified client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from events.changes import LeaseRenewed
from headgate.clock import new_id
from tests.support.gateway import Running
from tests.support.holders import Limits, changes_of, held, ids_of, told_by
from tests.support.prefect_client import Scripts, Started, last_word, prefect_python, run
from tests.support.waiting import comes_true

SCRIPT = Path(__file__).parent / "flows" / "scenario_c.py"
V2 = "/v2/concurrency_limits"
STRATEGIES = ("enqueue", "cancel_new")
SOON = {"deployments_concurrency_slot_wait_seconds": 1}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def gateway(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything behind one gateway, which looks for slots often."""
    with Running(redis_url, tmp_path_factory.mktemp("views"), "scenario-c", **SOON) as running:
        yield running


def limit(api: httpx.Client, most: int, **fields: Any) -> str:
    """The name of a new limit."""
    name = f"db-{new_id()}"
    answer = api.post(f"{V2}/", json={"name": name, "limit": most, **fields})
    assert answer.status_code == 201, answer.text
    return name


def taken(api: httpx.Client, name: str) -> int:
    return api.get(f"{V2}/{name}").json()["active_slots"]


def never_over(limits: list[Limits], name: str, most: int) -> bool:
    """Whether never more than *most* slots were held, some at times, and none in the end."""
    counts = [held(each[name]) for each in limits if name in each]
    assert [held(each[name]) for each in limits if name in each] == [
        each[name].limit.active_slots for each in limits if name in each
    ]
    return max(counts) == most and counts[-1] == 0


def test_a_slot_is_held_for_as_long_as_the_client_is_inside(
    gateway: Running, api: httpx.Client, scripts: Scripts
) -> None:
    name = limit(api, 2)
    first, second = scripts.start("hold", name), scripts.start("hold", name, "1")
    for each in (first, second):
        assert each.stdout is not None
        assert each.stdout.readline() == "INSIDE\n"
    assert taken(api, name) == 2
    assert scripts.run("hurry", name, "0.5") == "RESULT too slow"
    third = scripts.start("hurry", name, "60")
    assert last_word(first) == "RESULT left"
    assert last_word(third) == "RESULT inside"
    assert last_word(second) == "RESULT left"
    assert taken(api, name) == 0
    assert never_over(told_by(gateway), name, 2)


def test_a_lease_is_renewed_as_soon_as_it_is_there(
    gateway: Running, api: httpx.Client, scripts: Scripts
) -> None:
    name = limit(api, 3)
    holding = scripts.start("hold", name, "2")
    assert holding.stdout is not None
    assert holding.stdout.readline() == "INSIDE\n"
    assert taken(api, name) == 2

    def is_renewed() -> bool:
        lease = next(iter(told_by(gateway)[-1][name].leases))
        changes = [each for each in changes_of(gateway) if isinstance(each, LeaseRenewed)]
        return lease in {each.lease_id for each in changes}

    assert comes_true(is_renewed, 20)
    assert last_word(holding) == "RESULT left"
    assert taken(api, name) == 0


def test_slots_that_decay_limit_the_rate(api: httpx.Client, scripts: Scripts) -> None:
    name = limit(api, 1, slot_decay_per_second=2.0)
    word, seconds = scripts.run("rate", name, "3").split()
    assert word == "RESULT"
    # a slot decays in half a second: the first is free, the others wait
    assert float(seconds) >= 1.0


def test_what_no_limit_is_called_limits_nobody(scripts: Scripts) -> None:
    nobody = f"nobody-{new_id()}"
    assert scripts.run("unknown", nobody) == "RESULT ConcurrencySlotAcquisitionError"


def test_more_than_a_limit_has_is_an_error(api: httpx.Client, scripts: Scripts) -> None:
    said = scripts.run("too-many", limit(api, 2))
    assert "Slots requested is greater than the limit" in said


def test_tasks_with_a_tag_take_turns(
    gateway: Running, api: httpx.Client, scripts: Scripts, tmp_path: Path
) -> None:
    """A limit of the older API is the newer one's under the name of its tag."""

    def does(*command: str) -> str:
        ended = run(gateway.url, tmp_path, "prefect", *command)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    does("concurrency-limit", "create", "big", "2")
    does("gcl", "create", "tag:also-big", "--limit", "1")
    assert "tag:big" in does("gcl", "ls")
    # of both tags the smaller limit counts
    assert scripts.run("tagged") == "RESULT 6 1"
    limits = told_by(gateway)
    assert never_over(limits, "tag:big", 1)
    assert never_over(limits, "tag:also-big", 1)
    tagged = {"tags": {"any_": ["big"]}}
    task_runs = api.post("/task_runs/filter", json={"task_runs": tagged}).json()
    assert {each["state_type"] for each in task_runs} == {"COMPLETED"}
    ids = {each["id"] for each in task_runs}
    assert {str(each) for each in ids_of(limits, "tag:big")} == ids
    assert len(ids) == 4
    assert api.get("/concurrency_limits/tag/big").json()["active_slots"] == []


def test_asynchronous_tasks_take_turns(
    gateway: Running, api: httpx.Client, scripts: Scripts
) -> None:
    name = limit(api, 1)
    assert scripts.run("asynchronous", name) == "RESULT 1"
    assert never_over(told_by(gateway), name, 1)


def test_a_deployment_with_a_limit_lets_its_runs_wait_or_cancels_them(
    gateway: Running, api: httpx.Client, tmp_path: Path
) -> None:
    def deployment(strategy: str) -> dict[str, Any]:
        answer = api.get(f"/deployments/name/limited/{strategy}")
        return answer.json() if answer.status_code == 200 else {}

    def ask(strategy: str, wait_s: float) -> str:
        body = {"parameters": {"wait_s": wait_s}}
        path = f"/deployments/{deployment(strategy)['id']}/create_flow_run"
        return api.post(path, json=body).json()["id"]

    def state(run_id: str) -> dict[str, Any]:
        return api.get(f"/flow_runs/{run_id}").json()["state"]

    def states(run_id: str) -> list[str]:
        found = api.get("/flow_run_states/", params={"flow_run_id": run_id}).json()
        return [each["name"] for each in found]

    command = (str(prefect_python()), str(SCRIPT), "serve")
    with Started(gateway.url, tmp_path, *command) as server:

        def becomes(run_id: str, name: str) -> None:
            server.sees(lambda: state(run_id)["name"] == name)

        def are_ready() -> bool:
            return {deployment(each).get("status") for each in STRATEGIES} == {"READY"}

        server.sees(are_ready)
        first, only = ask("enqueue", 4), ask("cancel_new", 4)
        for each in (first, only):
            becomes(each, "Running")
        second, another = ask("enqueue", 0), ask("cancel_new", 0)
        becomes(another, "Cancelled")
        assert state(another)["message"] == "Deployment concurrency limit reached."
        assert states(another) == ["Scheduled", "Cancelled"]
        becomes(second, "AwaitingConcurrencySlot")
        for each in (first, second, only):
            becomes(each, "Completed")
    assert states(second)[-4:] == ["Pending", "Submitting", "Running", "Completed"]
    limits = told_by(gateway)
    for strategy, runs in (("enqueue", {first, second}), ("cancel_new", {only})):
        name = f"deployment:{deployment(strategy)['id']}"
        assert never_over(limits, name, 1)
        assert {str(each) for each in ids_of(limits, name)} == runs
