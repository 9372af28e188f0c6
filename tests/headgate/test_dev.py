"""`headgate dev` is everything in one process; it ends cleanly and finds everything again."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.children import ended
from tests.support.dev import Dev
from tests.support.servers import free_port


def test_what_was_decided_is_there_after_a_clean_stop(tmp_path: Path) -> None:
    dev = Dev(tmp_path / "data").start()
    run = dev.flow_run()
    assert dev.set_state(run, "RUNNING")["status"] == "ACCEPT"
    assert dev.stop(signal.SIGINT) == 0, dev.said()
    dev.start()
    assert dev.get(f"/flow_runs/{run}")["state"]["type"] == "RUNNING"
    assert [each["id"] for each in dev.post("/flow_runs/filter")] == [run]
    assert dev.stop(signal.SIGTERM) == 0, dev.said()


def test_what_was_decided_is_there_after_a_kill(tmp_path: Path) -> None:
    dev = Dev(tmp_path / "data").start()
    run = dev.flow_run()
    assert dev.set_state(run, "RUNNING")["status"] == "ACCEPT"
    assert dev.stop(signal.SIGKILL) == -signal.SIGKILL
    dev.start()
    assert dev.set_state(run, "COMPLETED")["status"] == "ACCEPT"
    assert dev.stop() == 0, dev.said()


def ran(*options: str) -> subprocess.CompletedProcess[str]:
    """What a `headgate dev` that cannot start says."""
    return subprocess.run(
        [sys.executable, "-m", "headgate", "dev", *options],
        capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ},
    )  # fmt: skip


def test_a_second_one_on_the_same_directory_names_the_first(dev: Dev) -> None:
    second = ran("--port", "0", "--data-dir", str(dev.root))
    assert second.returncode == 1
    assert f"error: process {dev.pid} already runs on the data directory" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_port_is_named_and_leaves_nothing_running(dev: Dev, tmp_path: Path) -> None:
    port = dev.url.split(":")[2].split("/")[0]
    second = ran("--port", port, "--data-dir", str(tmp_path / "data"))
    assert second.returncode == 1
    assert f"error: cannot listen on 127.0.0.1:{port}: Address already in use" in second.stderr
    assert "HEADGATE_PORT" in second.stderr
    assert "Traceback" not in second.stderr
    assert not (tmp_path / "data" / "redis" / "redis.sock").exists()


def test_it_listens_where_it_is_told(tmp_path: Path) -> None:
    port = free_port()
    dev = Dev(tmp_path / "data", "--port", str(port)).start()
    assert dev.url == f"http://127.0.0.1:{port}/api"
    assert dev.get("/health") is True
    assert dev.stop() == 0, dev.said()


def test_another_number_of_partitions_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = Dev(tmp_path / "data").start()
    assert first.stop() == 0, first.said()
    monkeypatch.setenv("HEADGATE_PARTITIONS", "16")
    second = ran("--port", "0", "--data-dir", str(tmp_path / "data"))
    assert second.returncode == 1
    assert "has 2 partitions and was opened with 16" in second.stderr


def test_a_log_is_opened_with_the_partitions_that_it_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEADGATE_PARTITIONS", "5")
    dev = Dev(tmp_path / "data").start()
    runs = [dev.flow_run() for _ in range(5)]
    assert dev.stop() == 0, dev.said()
    monkeypatch.delenv("HEADGATE_PARTITIONS")
    dev.start()
    assert [dev.set_state(run, "RUNNING")["status"] for run in runs] == ["ACCEPT"] * 5
    assert dev.stop() == 0, dev.said()


def test_what_cannot_go_on_before_it_is_ready_is_not_ready(tmp_path: Path) -> None:
    dev = Dev(tmp_path / "data").start()
    assert dev.stop() == 0, dev.said()
    with closing(sqlite3.connect(tmp_path / "data" / "views.db")) as views, views:
        views.execute("UPDATE projections SET version = 99 WHERE name = 'flow_runs'")
    again = ran("--port", "0", "--data-dir", str(tmp_path / "data"))
    assert again.returncode == 1
    assert again.stdout == ""
    assert "error: view flow_runs has version 99" in again.stderr


def test_it_can_be_stopped_while_it_waits_for_its_database(tmp_path: Path) -> None:
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    options = ("--port", "0", "--data-dir", str(tmp_path / "data"))
    dev = subprocess.Popen(
        [sys.executable, "-m", "headgate", "dev", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"HEADGATE_DATABASE_URL": away},
    )  # fmt: skip
    with dev:
        assert dev.stdout is not None
        assert dev.stderr is not None
        while "views_waiting" not in (line := dev.stderr.readline()):
            assert line
        assert ended(dev) == [0]
        assert dev.stdout.read() == ""
