"""Events are told, followed and found again, and automations kept, by the unmodified client."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.prefect_client import Started, run, run_script
from tests.support.waiting import comes_true

SCRIPT = Path(__file__).parent / "flows" / "scenario_g.py"
AUTOMATION = {
    "name": "from a file",
    "trigger": {"type": "event", "posture": "Reactive", "expect": ["a.b"], "threshold": 1},
    "actions": [{"type": "do-nothing"}],
}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def gateway(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything behind one gateway."""
    with Running(redis_url, tmp_path_factory.mktemp("views"), "scenario-g") as running:
        yield running


@pytest.fixture
def api(gateway: Running) -> Iterator[httpx.Client]:
    """A client of the API."""
    with gateway.client() as client:
        yield client


@pytest.fixture(scope="module")
def result(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script says in the end, run once."""
    ended = run_script(SCRIPT, gateway.url, tmp_path_factory.mktemp("home"), "main")
    assert ended.returncode == 0, ended.stderr
    word, _, said = ended.stdout.splitlines()[-1].partition(" ")
    assert word == "RESULT"
    return json.loads(said)


def test_who_follows_events_hears_all_that_were_told(result: dict[str, Any]) -> None:
    booked = [f"ledger.booked.{number}" for number in range(3)]
    followed = result["followed"]
    assert {each["id"] for each in followed} == {*result["ids"]}
    assert sorted(each["event"] for each in followed) == booked
    assert {each["event"]: each["payload"] for each in followed} == {
        name: {"number": number} for number, name in enumerate(booked)
    }


def test_events_are_found_again_page_by_page_the_latest_first(result: dict[str, Any]) -> None:
    assert result["found"] == [f"ledger.booked.{number}" for number in (2, 1, 0)]


def test_an_automation_is_made_changed_switched_and_deleted(result: dict[str, Any]) -> None:
    assert result["same"] is True
    assert result["expect"] == ["ledger.booked.*"]
    assert result["description"] == "when it is booked"
    assert result["enabled"] == [False, True]
    assert (result["deleted"], result["gone"]) == (True, True)


def test_the_command_line_follows_what_another_process_tells(
    gateway: Running, tmp_path: Path
) -> None:
    streaming = ("prefect", "event", "stream", "--format", "json")
    with Started(gateway.url, tmp_path, *streaming) as stream:

        def is_heard() -> bool:
            told = run(
                *(gateway.url, tmp_path, "prefect", "event", "emit", "told.here"),
                *("--resource-id", "hand.1", "--payload", '{"a": 1}'),
            )
            assert told.returncode == 0, told.stdout + told.stderr
            return "told.here" in stream.said()

        assert comes_true(is_heard, 60), stream.said()
        assert "hand.1" in stream.said()


def test_the_command_line_makes_and_shows_automations(
    gateway: Running, api: httpx.Client, tmp_path: Path
) -> None:
    def does(*command: str) -> str:
        ended = run(gateway.url, tmp_path, "prefect", "automation", *command)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return " ".join(ended.stdout.split())

    (tmp_path / "one.json").write_text(json.dumps(AUTOMATION))
    does("create", "--from-file", "one.json")
    (made,) = api.post(
        "/automations/filter", json={"automations": {"name": {"any_": ["from a file"]}}}
    ).json()
    assert "from a file" in does("ls")
    assert "from a file" in does("inspect", "from a file")
    does("pause", "from a file")
    assert api.get(f"/automations/{made['id']}").json()["enabled"] is False
    does("resume", "from a file")
    assert api.get(f"/automations/{made['id']}").json()["enabled"] is True
    does("delete", "from a file")
    assert api.get(f"/automations/{made['id']}").status_code == 404
