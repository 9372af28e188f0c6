"""Each command does what its help says, and says what is wrong in one line."""

import fcntl
import json
import re
from pathlib import Path
from uuid import UUID

import pytest
from httpx import HTTPStatusError

from headgate.cli import COMMANDS, main
from projections.views import PROJECTIONS
from tests.support.dev import Dev


class Command:
    """Runs a command against the shared Headgate; gives its exit code, and what it said."""

    def __init__(self, dev: Dev, capsys: pytest.CaptureFixture[str]) -> None:
        self._root = str(dev.root)
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        assert main([*words, "--data-dir", self._root]) == code
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.err
        return captured.out if code == 0 else captured.out + captured.err


@pytest.fixture
def command(dev: Dev, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(dev, capsys)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    usage, _, rest = capsys.readouterr().out.strip().partition("\n")
    assert usage.startswith(f"Usage: headgate {name}")
    assert rest.strip()


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = re.findall(r"^│ ([a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert sorted(set(listed) & set(COMMANDS)) == sorted(COMMANDS)


def test_an_unknown_command_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shwo"]) == 2
    assert 'error: Unknown command "shwo"' in capsys.readouterr().err


def test_a_wrong_setting_is_misuse(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADGATE_REPLY_TIMEOUT", "5")
    assert main(["doctor"]) == 2
    said = capsys.readouterr().err
    assert said == (
        "error: HEADGATE_REPLY_TIMEOUT is not a setting; did you mean HEADGATE_REPLY_TIMEOUT_MS?\n"
    )


def test_without_a_headgate_there_is_nobody_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", "--data-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: no Headgate runs on the data directory {tmp_path}; start")


def test_a_proposed_state_is_decided_and_shown(dev: Dev, command: Command) -> None:
    run = dev.flow_run()
    assert command("propose", run, "RUNNING", "--message", "by hand").startswith("ACCEPT ")
    shown = command("show", run)
    assert "Running(message='by hand', type=RUNNING" in shown
    assert len(re.findall(r"^\d+-\d+ ", shown, re.MULTILINE)) == 2


def test_a_refusal_ends_with_one_and_its_reason(dev: Dev, command: Command) -> None:
    run = dev.flow_run()
    said = command("propose", run, "PENDING", code=1)
    assert said.startswith("ABORT ")
    assert "reason=" in said
    assert "PENDING" in command("show", run)


def test_a_proposal_is_read_from_standard_input(
    dev: Dev, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = dev.flow_run()
    body = {
        "type": "propose_flow_run_state.v1",
        "id": f"by-hand-{run}",
        "flow_run_id": run,
        "state": {"type": "RUNNING"},
    }
    given = tmp_path / "proposal.json"
    given.write_text(json.dumps(body))
    with given.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert command("propose", "-").startswith("ACCEPT ")
    given.write_text(json.dumps({**body, "flow_run_id": "yours"}))
    with given.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        said = command("propose", "-", code=1)
    assert "error: this is not a proposal: Invalid UUID at flow_run_id" in said


def test_an_unknown_run_is_named(command: Command) -> None:
    unknown = str(UUID(int=5))
    assert f"error: there is no run {unknown}" in command("show", unknown, code=1)
    assert unknown in command("propose", unknown, "RUNNING", code=1)


def test_watching_begins_where_it_is_told(dev: Dev, command: Command) -> None:
    run = dev.flow_run()
    dev.set_state(run, "RUNNING")
    dev.set_state(run, "COMPLETED")
    options = ("watch", "--run", run, "--json", "--from", "1h", "--count")
    watched = [json.loads(line) for line in command(*options, "3").splitlines()]
    assert [each["position"] for each in watched] == sorted(each["position"] for each in watched)
    assert [each["decision"]["kind"] for each in watched] == [
        "create_flow_run", "propose_flow_run_state", "propose_flow_run_state",
    ]  # fmt: skip
    second = f"{watched[1]['time_ms']}-{watched[1]['position']}"
    said = command("watch", "--run", run, "--from", second, "--count", "1")
    assert "Completed ACCEPT → Completed" in said


def test_history_counts_runs_by_state(dev: Dev, command: Command) -> None:
    run = dev.flow_run()
    dev.set_state(run, "RUNNING")
    dev.post("/flow_runs/filter", flow_runs={"id": {"any_": [run]}})
    assert "Running" in command("history", "--last", "1h", "--interval", "5m")
    said = command("history", "--last", "30d", code=2)
    assert "error: there are 500 buckets at most; give --interval 5184s or more" in said
    assert "Running" in command("history", "--last", "30d", "--interval", "5184s")
    assert "must not be less than 1 second" in command("history", "--interval", "0s", code=2)
    said = command("history", "--last", "yesterday", code=2)
    assert "error: yesterday is not a span of time; write 90s, 15m, 24h or 7d" in said


def test_a_file_that_cannot_be_read_is_misuse(command: Command, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.json")
    said = command("dead-letters", "resubmit", "0/1-1", "--edited", missing, code=2)
    assert f"error: cannot read {missing}: No such file or directory" in said


def test_a_running_headgate_replays_to_the_same(dev: Dev, command: Command) -> None:
    dev.flow_run()
    said = command("replay", "--verify")
    assert re.match(r"replay: \d+ decisions, chain intact, views equal", said)


def test_nothing_is_wrong_with_a_running_headgate(dev: Dev, command: Command) -> None:
    port = dev.url.split(":")[2].split("/")[0]
    said = command("doctor", "--port", port)
    assert f"ok    port: 127.0.0.1:{port} is taken, and Headgate runs as process {dev.pid}" in said
    assert "3 of 3 have a rule processor" in said


def test_settings_are_listed_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADGATE_REDIS_URL", "redis://:hunter2@example/0")
    monkeypatch.setenv("HEADGATE_API_AUTH_STRING", "me:hunter2")
    assert main(["settings"]) == 0
    said = capsys.readouterr().out
    assert "redis://:***@example/0" in said
    assert "hunter2" not in said


def test_versions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert "headgate-service" in capsys.readouterr().out


def test_what_others_wrote_is_shown_as_it_stands(dev: Dev, command: Command) -> None:
    run = dev.flow_run(name="[/]", parameters={"path": "[/tmp]"}, tags=["[red]"])
    dev.set_state(run, "RUNNING", name="[bold]\x1b[2J", message="in [/home]")
    shown = command("show", run) + command("watch", "--run", run, "--from", "1h", "--count", "2")
    assert "[/tmp]" in shown
    assert "[red]" in shown
    assert "in [/home]" in shown
    assert "[bold]\N{REPLACEMENT CHARACTER}[2J" in shown
    assert "\x1b" not in shown


def test_views_are_built_anew_while_they_are_kept(dev: Dev, command: Command) -> None:
    run = dev.flow_run()
    said = command("rebuild")
    assert len(re.findall(r"^[a-z_]+: \d+ decisions folded in ", said, re.MULTILINE)) == len(
        PROJECTIONS
    )
    assert re.search(r"^flow_runs: ", command("rebuild", "flow_runs"), re.MULTILINE)
    dev.set_state(run, "RUNNING")
    kept = dev.post("/flow_runs/filter", flow_runs={"id": {"any_": [run]}})
    assert [each["state_type"] for each in kept] == ["RUNNING"]
    assert "views equal" in command("replay", "--verify")


def test_a_view_that_is_being_rebuilt_is_left_to_who_does(dev: Dev, command: Command) -> None:
    with (dev.root / "views.db.flow_runs.rebuild").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        said = command("rebuild", "flow_runs", code=1)
    assert "error: view flow_runs is being rebuilt already; wait until" in said
    assert "decisions folded" in command("rebuild", "flow_runs")


def test_a_view_that_there_is_not_is_misuse(command: Command) -> None:
    assert "error: there is no view runs; there are flows, flow_runs," in command(
        "rebuild", "runs", code=2
    )


def test_limits_show_their_holders_and_their_history(dev: Dev, command: Command) -> None:
    limits, holder = "/v2/concurrency_limits", {"type": "task_run", "id": str(UUID(int=7))}
    dev.post(f"{limits}/", name="shown", limit=2)
    for _ in range(2):
        dev.post(f"{limits}/increment-with-lease", names=["shown"], slots=1, holder=holder)
    with pytest.raises(HTTPStatusError, match="423"):
        dev.post(f"{limits}/increment-with-lease", names=["shown"], slots=1, holder=holder)
    assert f"task_run {UUID(int=7)}" in command("limits")
    told = command("limits", "shown")
    assert told.count("1 taken by lease") == 2
    assert told.count("take_slots: nothing changed") == 1
    assert "there is no concurrency limit 'nobody'" in command("limits", "nobody", code=1)


def test_keys_are_made_listed_and_ended(command: Command) -> None:
    said = command("keys", "add", "worker-7", "--scope", "read").strip()
    assert re.fullmatch(r"hg_[\w-]{43}", said)
    assert re.search(r"worker-7 .*read", command("keys"))
    assert "there is a key for 'worker-7' already" in command("keys", "add", "worker-7", code=1)
    assert command("keys", "end", "worker-7") == ""
    assert "worker-7" not in command("keys")
    assert "there is no key for 'worker-7'" in command("keys", "end", "worker-7", code=1)
    assert "whose key?" in command("keys", "add", code=2)
