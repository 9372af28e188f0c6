"""Blocks, variables, artifacts and the runtime of a flow work with the unmodified client."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.prefect_client import run, run_script

SCRIPT = Path(__file__).parent / "flows" / "scenario_f.py"
PASSWORDS = (b"first", b"second", b"third", b"nested", b"sesame")

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def result(gateway: Running, home: Path) -> dict[str, Any]:
    """What the script says in the end, run once."""
    ended = run_script(SCRIPT, gateway.url, home, str(home / "results"))
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    word, _, said = ended.stdout.splitlines()[-1].partition(" ")
    assert word == "RESULT"
    return json.loads(said)


@pytest.fixture
def api(gateway: Running, result: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client of the API, after the script has run."""
    with gateway.client() as client:
        yield client


def test_blocks_are_saved_loaded_and_deleted(result: dict[str, Any]) -> None:
    blocks = result["blocks"]
    assert "already in use" in blocks.pop("refused")
    assert blocks == {
        "password": "second",
        "key": "third",
        "referred": "second",
        "nested": "nested",
        "secret": "sesame",
        "shown": "**********",
    }
    assert "there" in result["deleted"]


def test_blocks_are_listed_with_masks(api: httpx.Client) -> None:
    listed = api.post("/block_documents/filter", json={}).content

    assert b"results" in listed
    assert [word for word in PASSWORDS if word in listed] == []
    (service,) = api.get("/block_types/slug/service/block_documents").json()
    assert service["data"]["more"][0]["password"] == "********"
    assert service["block_document_references"] == {}


def test_variables_are_set_found_and_unset(result: dict[str, Any]) -> None:
    assert result["variables"] == {"value": ["us"], "default": "none", "gone": None}


def test_artifacts_are_left_and_changed(api: httpx.Client, result: dict[str, Any]) -> None:
    assert (result["words"], float(result["far"])) == ("# new", 70.0)
    listed = api.post("/artifacts/filter", json={"sort": "KEY_ASC"}).json()
    results = [each for each in listed if each["type"] == "result"]
    assert [each["key"] for each in listed if each not in results] == [
        *("far", "rows", "way", "words", "words"),
    ]
    assert {each["flow_run_id"] for each in listed if each not in results} == {result["id"]}


def test_a_flow_knows_where_it_runs(result: dict[str, Any]) -> None:
    assert result["task"].startswith("report-")
    assert result["inner"] == {"root": result["id"], "parent": result["id"]}


def test_results_go_where_the_server_says(
    api: httpx.Client, result: dict[str, Any], home: Path
) -> None:
    assert result["kept"] == "kept"
    assert [path for path in (home / "results").rglob("*") if path.is_file()] != []
    run_of = api.get(f"/flow_runs/{result['id']}").json()
    assert run_of["state_type"] == "COMPLETED"
    assert run_of["state"]["data"]["storage_block_id"] == result["storage"]


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (("block", "ls"), "secret/gate"),
        (("block", "type", "ls"), "service"),
        (("block", "type", "inspect", "login"), "login"),
        (("block", "inspect", "secret/gate"), "********"),
        (("variable", "ls"), "Variables"),
        (("artifact", "ls"), "words"),
    ],
)
def test_the_command_line_shows_them(
    gateway: Running,
    result: dict[str, Any],
    home: Path,
    command: tuple[str, ...],
    wanted: str,
) -> None:
    ended = run(gateway.url, home, "prefect", *command)

    assert ended.returncode == 0, ended.stderr
    assert wanted in ended.stdout
    assert "sesame" not in ended.stdout
