"""A producer needs nothing of ours: `redis-cli` and the reference make a run, move it, and hear."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from headgate.bus.embedded import binary, socket_path
from headgate.cli import main
from tests.support.dev import Dev
from tests.support.sources import ROOT

REFERENCE = (ROOT / "docs" / "reference" / "streams.md").read_text()
EXAMPLES = [json.loads(each) for each in re.findall(r"^```json\n(.*?)^```", REFERENCE, re.M | re.S)]
RUN = "019aa1b2-7c00-7000-8000-00000000002b"
PARTITIONS = 2


class RedisCli:
    """`redis-cli`, as anybody has it."""

    def __init__(self, root: Path) -> None:
        program = Path(binary()).with_name("redis-cli")
        name = str(program) if program.exists() else "redis-cli"
        self._command = [name, "-s", str(socket_path(root))]

    def __call__(self, *words: str) -> str:
        ran = subprocess.run(
            [*self._command, *words], capture_output=True, text=True, check=True, timeout=15
        )
        assert "ERR" not in ran.stdout, ran.stdout
        return ran.stdout.strip()

    def propose(self, partition: str, proposal: dict[str, Any] | str) -> None:
        body = proposal if isinstance(proposal, str) else json.dumps(proposal)
        self("XADD", f"headgate:{{{partition}}}:proposals", "*", "proposal", body)


@pytest.fixture
def redis_cli(dev: Dev) -> RedisCli:
    return RedisCli(dev.root)


@pytest.fixture
def letters(dev: Dev, capsys: pytest.CaptureFixture[str]) -> "Letters":
    return Letters(dev, capsys)


class Letters:
    """The dead letters of the shared Headgate, as the command line has them."""

    def __init__(self, dev: Dev, capsys: pytest.CaptureFixture[str]) -> None:
        self._where = ("--data-dir", str(dev.root))
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        assert main(["dead-letters", *words, *self._where]) == code
        captured = self._capsys.readouterr()
        return captured.out + captured.err

    def named(self, reason: str) -> list[str]:
        """The names of the letters that have *reason* in their line."""
        return [line.split()[0] for line in self("list").splitlines() if reason in line]

    def until(self, reason: str) -> str:
        """The name of the one letter with *reason*, once it is there."""
        deadline = time.monotonic() + 5
        while not (found := self.named(reason)):
            assert time.monotonic() < deadline, self("list")
        (name,) = found
        return name


def test_the_reference_creates_a_run_and_moves_it(dev: Dev, redis_cli: RedisCli) -> None:
    create, move = EXAMPLES[:2]
    assert redis_cli("HGET", "headgate:format", "partitions") == str(PARTITIONS)
    partition = str(int(RUN[-4:], 16) % PARTITIONS)
    redis_cli.propose("control", {"type": "register_flow.v1", "id": "etl-1", "name": "etl-cli"})
    redis_cli.propose(partition, create)
    redis_cli.propose(partition, move)
    heard = redis_cli(
        "XREAD", "BLOCK", "5000", "STREAMS", f"headgate:{{{partition}}}:replies:billing", "0"
    )
    answer = json.loads(heard.splitlines()[-1])
    assert answer["proposal_id"] == move["id"]
    assert answer["outcome"] == "ACCEPT"
    assert answer.keys() <= EXAMPLES[2].keys()
    run = dev.get(f"/flow_runs/{RUN}")
    assert (run["name"], run["state"]["type"]) == (create["name"], "RUNNING")


def test_the_same_proposal_twice_is_decided_once(dev: Dev, redis_cli: RedisCli) -> None:
    run = dev.flow_run()
    partition = str(int(run[-4:], 16) % PARTITIONS)
    move = {**EXAMPLES[1], "flow_run_id": run, "id": f"twice-{run}", "reply_to": f"twice-{run}"}
    redis_cli.propose(partition, move)
    redis_cli.propose(partition, move)
    replies, deadline = f"headgate:{{{partition}}}:replies:twice-{run}", time.monotonic() + 5
    while redis_cli("XLEN", replies) != "2":
        assert time.monotonic() < deadline
    lines = redis_cli("XRANGE", replies, "-", "+").splitlines()
    one, other = (json.loads(line) for line in lines if line.startswith("{"))
    assert other == {**one, "repeated": True}
    assert dev.get(f"/flow_runs/{run}")["run_count"] == 1


def test_what_is_no_proposal_is_a_dead_letter_once_and_its_neighbours_live(
    dev: Dev, redis_cli: RedisCli, letters: Letters, tmp_path: Path
) -> None:
    run = dev.flow_run()
    partition = str(int(run[-4:], 16) % PARTITIONS)
    bad = {"type": "propose_flow_run_state.v1", "id": f"bad-{run}", "flow_run_id": run, "state": 7}
    good = {**EXAMPLES[1], "flow_run_id": run, "id": f"good-{run}", "reply_to": "good"}
    redis_cli.propose(partition, bad)
    redis_cli.propose(partition, good)
    name = letters.until(f"bad-{run}")
    assert dev.get(f"/flow_runs/{run}")["state"]["type"] == "RUNNING"

    said = letters("resubmit", name, code=1)
    assert f"error: dead letter {name} would come back:" in said
    assert "at state" in said

    corrected = tmp_path / "corrected.json"
    corrected.write_text(json.dumps({**bad, "state": {"type": "COMPLETED"}}))
    assert f"{name} is sent again" in letters("resubmit", name, "--edited", str(corrected))
    assert name not in letters("list")
    assert name in letters("list", "--all")
    deadline = time.monotonic() + 5
    while dev.get(f"/flow_runs/{run}")["state"]["type"] != "COMPLETED":
        assert time.monotonic() < deadline


def test_a_proposal_about_a_run_that_comes_later_is_sent_again_as_it_was(
    dev: Dev, redis_cli: RedisCli, letters: Letters
) -> None:
    run = "019aa1b2-7c00-7000-8000-0000000000ff"
    partition = str(int(run[-4:], 16) % PARTITIONS)
    early = {**EXAMPLES[1], "flow_run_id": run, "id": "early", "reply_to": "early"}
    redis_cli.propose(partition, early)
    name = letters.until('"early"')
    redis_cli.propose(partition, {**EXAMPLES[0], "flow_run_id": run, "id": "late"})
    assert "is sent again" in letters("resubmit", name)
    deadline = time.monotonic() + 5
    while dev.get(f"/flow_runs/{run}")["state"]["type"] != "RUNNING":
        assert time.monotonic() < deadline


def test_resubmitting_wants_to_be_told_what(letters: Letters) -> None:
    assert "name the dead letters to send again, or give --all" in letters("resubmit", code=2)
    assert "there is no dead letter 0/1-1" in letters("resubmit", "0/1-1", code=1)
