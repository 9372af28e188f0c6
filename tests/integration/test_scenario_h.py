"""The command line of the unmodified client shows and changes what the server has."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from headgate.clock import now
from tests.support.gateway import Running
from tests.support.prefect_client import Started, run
from tests.support.waiting import comes_true

pytestmark = pytest.mark.timeout(240)

Does = Callable[..., str]


class World(NamedTuple):
    """What there is, by id."""

    flow_run: str
    task_run: str
    deployment: str
    queue: str


@pytest.fixture(scope="module")
def gateway(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything behind one gateway."""
    with Running(redis_url, tmp_path_factory.mktemp("views"), "scenario-h") as running:
        yield running


@pytest.fixture(scope="module")
def api(gateway: Running) -> Iterator[httpx.Client]:
    """A client of the API."""
    with gateway.client() as client:
        yield client


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def does(gateway: Running, home: Path) -> Does:
    """Runs a command that must end as it should; what it says, its lines joined."""

    def run_it(*command: str) -> str:
        ended = run(gateway.url, home, "prefect", "--no-prompt", *command)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return " ".join(ended.stdout.split())

    return run_it


def _made(api: httpx.Client, path: str, **body: Any) -> str:
    answer = api.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()["id"]


def _flow_run(api: httpx.Client, name: str, type: str = "RUNNING") -> str:
    flow = _made(api, "/flows/", name="etl")
    return _made(api, "/flow_runs/", flow_id=flow, name=name, state={"type": type})


@pytest.fixture(scope="module")
def world(api: httpx.Client) -> World:
    """One of everything; nobody changes it."""
    flow = _made(api, "/flows/", name="etl")
    _made(api, "/work_pools/", name="cloud", type="process", concurrency_limit=3)
    queue = _made(api, "/work_pools/cloud/queues", name="urgent", priority=1, concurrency_limit=2)
    deployment = _made(
        api,
        "/deployments/",
        name="nightly",
        flow_id=flow,
        work_pool_name="cloud",
        work_queue_name="urgent",
        schedules=[{"schedule": {"cron": "0 3 1 1 *", "timezone": "UTC"}}],
    )
    due = {"type": "SCHEDULED", "state_details": {"scheduled_time": now().isoformat()}}
    _made(api, f"/deployments/{deployment}/create_flow_run", name="waiting", state=due)
    flow_run = _flow_run(api, "shown-run")
    task_run = _made(
        api,
        "/task_runs/",
        flow_run_id=flow_run,
        task_key="t",
        dynamic_key="0",
        name="shown-task",
        state={"type": "RUNNING"},
    )
    line = {"name": "n", "level": 20, "timestamp": now().isoformat(), "flow_run_id": flow_run}
    lines = [line | {"message": "from the flow"}]
    lines.append(line | {"message": "from the task", "task_run_id": task_run})
    assert api.post("/logs/", json=lines).is_success
    _made(api, "/concurrency_limits/", tag="slow", concurrency_limit=4)
    _made(api, "/v2/concurrency_limits/", name="database", limit=5)
    _made(api, "/variables/", name="region", value="eu")
    _made(api, "/artifacts/", key="report", type="markdown", data="# all well")
    trigger = {"type": "event", "posture": "Reactive", "expect": ["a.b"], "threshold": 1}
    _made(api, "/automations/", name="teller", trigger=trigger, actions=[{"type": "do-nothing"}])
    return World(flow_run, task_run, deployment, queue)


SHOWN: list[tuple[str, str]] = [
    ("flow ls", "etl"),
    ("flow-run ls", "shown-run"),
    ("flow-run inspect {flow_run}", "shown-run"),
    ("flow-run logs {flow_run}", "from the task"),
    ("task-run ls", "shown-task"),
    ("task-run inspect {task_run}", "shown-task"),
    ("task-run logs {task_run}", "from the task"),
    ("deployment ls", "etl/nightly"),
    ("deployment inspect etl/nightly", "'work_queue_name': 'urgent'"),
    ("deployment schedule ls etl/nightly", "0 3 1 1 *"),
    ("work-pool ls", "cloud"),
    ("work-pool inspect cloud", "concurrency_limit=3"),
    ("work-pool preview cloud --hours 24", "waiting"),
    ("work-pool slots cloud", "cloud"),
    ("work-queue ls --pool cloud", "urgent"),
    ("work-queue ls", "urgent"),
    ("work-queue inspect urgent --pool cloud", "urgent"),
    ("work-queue preview urgent --pool cloud --hours 24", "waiting"),
    ("work-queue read-runs urgent --pool cloud", "Read 1 runs for work queue"),
    ("work-queue slots urgent --pool cloud", "urgent"),
    ("concurrency-limit ls", "slow"),
    ("concurrency-limit inspect slow", "4"),
    ("global-concurrency-limit ls", "database"),
    ("global-concurrency-limit inspect database", "5"),
    ("block ls", "Blocks"),
    ("variable ls", "region"),
    ("variable get region", "eu"),
    ("variable inspect region", "eu"),
    ("artifact ls", "report"),
    ("artifact inspect report", "# all well"),
    ("automation ls", "teller"),
    ("automation inspect teller", "teller"),
    ("version", "3.9.1"),
    ("config view", "PREFECT_API_URL"),
    ("config validate", "Configuration"),
    ("profile ls", "Available Profiles"),
    ("api GET /flow_runs/{flow_run}", "shown-run"),
]


@pytest.mark.parametrize(("command", "wanted"), SHOWN)
def test_what_there_is_is_shown(does: Does, world: World, command: str, wanted: str) -> None:
    assert wanted in does(*command.format(**world._asdict()).split())


def test_a_flow_run_is_cancelled_watched_and_deleted(
    gateway: Running, api: httpx.Client, home: Path, does: Does
) -> None:
    id = _flow_run(api, "watched", "PENDING")
    with Started(gateway.url, home, "prefect", "flow-run", "watch", id) as watching:
        assert comes_true(lambda: "Pending" in watching.said(), 60), watching.said()
        does("flow-run", "cancel", id)
        state = {"state": {"type": "CANCELLED"}, "force": True}
        assert api.post(f"/flow_runs/{id}/set_state", json=state).is_success
        watching.ended()
        assert "Cancelled" in watching.said()
    does("flow-run", "delete", id)
    assert api.get(f"/flow_runs/{id}").status_code == 404


def test_a_deployment_is_scheduled_run_and_deleted(
    api: httpx.Client, world: World, does: Does
) -> None:
    flow = _made(api, "/flows/", name="etl")
    id = _made(api, "/deployments/", name="hourly", flow_id=flow, work_pool_name="cloud")

    def schedules() -> list[dict[str, Any]]:
        return api.get(f"/deployments/{id}").json()["schedules"]

    does("deployment", "schedule", "create", "etl/hourly", "--interval", "3600", "-y")
    (schedule,) = schedules()
    assert schedule["schedule"]["interval"] == 3600
    does("deployment", "schedule", "pause", "etl/hourly", schedule["id"])
    assert schedules()[0]["active"] is False
    does("deployment", "schedule", "resume", "etl/hourly", schedule["id"])
    assert schedules()[0]["active"] is True
    does("deployment", "schedule", "clear", "etl/hourly", "-y")
    assert schedules() == []
    assert "etl/hourly" in does("deployment", "run", "etl/hourly")
    does("deployment", "delete", "etl/hourly")
    assert api.get(f"/deployments/{id}").status_code == 404


def test_a_work_pool_is_created_changed_and_deleted(api: httpx.Client, does: Does) -> None:
    def pool() -> dict[str, Any]:
        return api.get("/work_pools/shortlived").json()

    does("work-pool", "create", "shortlived", "--type", "process", "--paused")
    assert (pool()["type"], pool()["is_paused"]) == ("process", True)
    does("work-pool", "resume", "shortlived")
    assert pool()["is_paused"] is False
    does("work-pool", "update", "shortlived", "--description", "new", "--concurrency-limit", "2")
    assert (pool()["description"], pool()["concurrency_limit"]) == ("new", 2)
    does("work-pool", "clear-concurrency-limit", "shortlived")
    assert pool()["concurrency_limit"] is None
    does("work-pool", "delete", "shortlived")
    assert api.get("/work_pools/shortlived").status_code == 404


def test_a_work_queue_is_created_changed_and_deleted(
    api: httpx.Client, world: World, does: Does
) -> None:
    def queue() -> dict[str, Any]:
        return api.get("/work_pools/cloud/queues/brief").json()

    in_pool = ("brief", "--pool", "cloud")
    does("work-queue", "create", *in_pool, "--limit", "3")
    assert queue()["concurrency_limit"] == 3
    does("work-queue", "pause", *in_pool)
    assert queue()["is_paused"] is True
    does("work-queue", "resume", *in_pool)
    assert queue()["is_paused"] is False
    does("work-queue", "set-concurrency-limit", "brief", "5", "--pool", "cloud")
    assert queue()["concurrency_limit"] == 5
    does("work-queue", "delete", *in_pool)
    assert api.get("/work_pools/cloud/queues/brief").status_code == 404


def test_limits_are_created_changed_and_deleted(api: httpx.Client, does: Does) -> None:
    def limit() -> dict[str, Any]:
        return api.get("/v2/concurrency_limits/brief").json()

    does("concurrency-limit", "create", "brief-tag", "3")
    does("concurrency-limit", "reset", "brief-tag")
    assert api.get("/concurrency_limits/tag/brief-tag").json()["concurrency_limit"] == 3
    does("concurrency-limit", "delete", "brief-tag")
    assert api.get("/concurrency_limits/tag/brief-tag").status_code == 404
    does("global-concurrency-limit", "create", "brief", "--limit", "2")
    does("global-concurrency-limit", "update", "brief", "--limit", "6")
    does("global-concurrency-limit", "disable", "brief")
    assert (limit()["limit"], limit()["active"]) == (6, False)
    does("global-concurrency-limit", "delete", "brief")
    assert api.get("/v2/concurrency_limits/brief").status_code == 404


def test_variables_artifacts_and_profiles_are_made_and_deleted(
    gateway: Running, api: httpx.Client, does: Does
) -> None:
    does("variable", "set", "brief", "1", "--tag", "t")
    does("variable", "set", "brief", "2", "--overwrite")
    assert api.get("/variables/name/brief").json()["value"] in (2, "2")
    does("variable", "unset", "brief")
    assert api.get("/variables/name/brief").status_code == 404
    id = _made(api, "/artifacts/", key="brief", type="markdown", data="x")
    does("artifact", "delete", "--id", id)
    assert api.get(f"/artifacts/{id}").status_code == 404
    does("profile", "create", "brief")
    assert "Connected" in does("profile", "use", "brief")
