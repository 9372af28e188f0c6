"""The doctor names what is wrong, where, and what to do next."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from events.streams import Streams
from headgate.bus.embedded import socket_path
from headgate.cli import main
from headgate.serving.http import PortTaken, bound
from tests.support.dev import Dev
from tests.support.servers import RedisServer, free_port

Said = tuple[int, list[str]]


class Doctor:
    """Asks the doctor, and gives its exit code and its lines."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *options: str) -> Said:
        options = options if "--port" in options else (*options, "--port", "0")
        code = main(["doctor", *options])
        return code, self._capsys.readouterr().out.splitlines()


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(capsys)


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Any]:
    with Redis.from_url(redis_server.url) as client:  # pyright: ignore[reportUnknownMemberType]
        yield client


def wrong(said: Said) -> tuple[str, str]:
    """The one thing that is wrong, and what to do about it."""
    code, lines = said
    assert code == 1
    places = [place for place, line in enumerate(lines) if line.startswith("wrong ")]
    assert len(places) == 1, lines
    return lines[places[0]].removeprefix("wrong "), lines[places[0] + 1].strip()


def test_nothing_is_wrong_with_a_new_installation(doctor: Doctor, tmp_path: Path) -> None:
    code, lines = doctor("--data-dir", str(tmp_path / "new"))
    assert code == 0
    assert lines[-1] == "nothing is wrong"
    assert all(line.startswith("ok ") for line in lines[:-1])
    assert not (tmp_path / "new").exists()


def test_nothing_is_wrong_with_a_durable_redis(doctor: Doctor, redis_server: RedisServer) -> None:
    code, lines = doctor("--redis-url", redis_server.url)
    assert code == 0, lines
    assert "ok    redis writes: accepted" in lines


def test_a_redis_that_is_away(doctor: Doctor) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    what, mend = wrong(doctor("--redis-url", url))
    assert what.startswith(f"redis: Redis at {url} does not answer: Error 111 connecting")
    assert mend == "→ start it, or correct HEADGATE_REDIS_URL"


def test_a_read_only_replica(doctor: Doctor, redis_server: RedisServer, client: Any) -> None:
    client.replicaof("127.0.0.1", free_port())
    what, mend = wrong(doctor("--redis-url", redis_server.url))
    assert what.startswith(f"redis writes: Redis at {redis_server.url} is a read-only replica")
    assert mend == "→ set HEADGATE_REDIS_URL to its primary"


def test_a_full_redis(doctor: Doctor, redis_server: RedisServer, client: Any) -> None:
    client.config_set("maxmemory", 1)
    what, mend = wrong(doctor("--redis-url", redis_server.url))
    assert what.startswith(f"redis writes: Redis at {redis_server.url} is full")
    assert mend.startswith("→ raise it")


def test_a_redis_that_cannot_write_to_its_disk(
    doctor: Doctor, redis_server: RedisServer, client: Any, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    client.config_set("dir", str(gone))
    client.config_set("save", "3600 1")
    gone.rmdir()
    client.bgsave()
    deadline = time.monotonic() + 5
    while client.info("persistence")["rdb_last_bgsave_status"] != "err":
        assert time.monotonic() < deadline
    what, mend = wrong(doctor("--redis-url", redis_server.url))
    assert what.startswith(f"redis writes: Redis at {redis_server.url} cannot write to its disk")
    assert mend == "→ free space there, then look at its log"


def test_a_redis_that_forgets(doctor: Doctor, redis_server: RedisServer, client: Any) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    what, mend = wrong(doctor("--redis-url", redis_server.url))
    assert what.endswith("forgets keys when it is full: maxmemory-policy is allkeys-lru")
    assert "noeviction" in mend


def test_a_redis_without_an_append_only_file(
    doctor: Doctor, redis_server: RedisServer, client: Any
) -> None:
    client.config_set("appendonly", "no")
    what, mend = wrong(doctor("--redis-url", redis_server.url))
    assert "keeps no append-only file" in what
    assert "appendonly yes" in mend


def test_a_password_is_asked_for_and_none_is_shown(
    doctor: Doctor, redis_server: RedisServer, client: Any
) -> None:
    client.config_set("requirepass", "hunter2")
    url = redis_server.url.replace("://", "://:letmein@")
    what, mend = wrong(doctor("--redis-url", url))
    assert "refuses us" in what
    assert "letmein" not in what
    assert mend == "→ correct HEADGATE_REDIS_URL"


def test_another_number_of_partitions(
    doctor: Doctor, redis_server: RedisServer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.hset(Streams().format, "partitions", 64)
    monkeypatch.setenv("HEADGATE_PARTITIONS", "8")
    what, mend = wrong(doctor("--redis-url", redis_server.url))
    assert what == "log: it was created with 64 partitions, and the setting is 8"
    assert mend == "→ set HEADGATE_PARTITIONS=64, or another HEADGATE_PREFIX"


def test_a_directory_that_cannot_be_made(doctor: Doctor, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    what, mend = wrong(doctor("--data-dir", str(blocked / "inside")))
    assert what.startswith(f"data directory: cannot write to the data directory {blocked}/inside")
    assert mend.endswith("set HEADGATE_DATA_DIR to another one")


def test_a_directory_that_is_a_file(doctor: Doctor, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    what, mend = wrong(doctor("--data-dir", str(blocked)))
    assert what == f"data directory: the data directory {blocked} is a file"
    assert mend == "→ remove it, or set HEADGATE_DATA_DIR to another"


def test_a_port_that_somebody_else_has(doctor: Doctor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        what, mend = wrong(doctor("--port", str(port)))
    assert what == f"port: cannot listen on 127.0.0.1:{port}: Address already in use"
    assert mend.endswith("or set HEADGATE_PORT")


def test_views_that_cannot_be_read(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "views.db").write_bytes(b"this is no database" * 100)
    what, mend = wrong(doctor("--data-dir", str(tmp_path)))
    assert "file is not a database" in what
    assert "the views are rebuilt from the log" in mend


def test_a_database_that_is_away(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql://headgate:hunter2@127.0.0.1:{free_port()}/headgate"
    monkeypatch.setenv("HEADGATE_DATABASE_URL", url)
    what, mend = wrong(doctor())
    assert what.startswith("database: postgresql://headgate:***@127.0.0.1")
    assert "hunter2" not in what
    assert mend == "→ start it, or correct HEADGATE_DATABASE_URL"


def test_a_stranger_in_the_place_of_a_package(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from importlib.machinery import ModuleSpec

    stranger = ModuleSpec("events", None, origin=str(tmp_path / "events" / "__init__.py"))
    monkeypatch.setattr("events.__spec__", stranger)
    what, mend = wrong(doctor())
    assert what.startswith(f"packages: `events` is {tmp_path}")
    assert "uninstall" in mend


def test_a_server_without_its_redis_is_named(doctor: Doctor, tmp_path: Path) -> None:
    dev = Dev(tmp_path / "data").start()
    with Redis(unix_socket_path=str(socket_path(dev.root))) as redis:
        about: dict[str, Any] = cast("Any", redis).info()
    os.kill(about["process_id"], signal.SIGKILL)
    while (said := doctor("--data-dir", str(dev.root)))[0] == 0:
        time.sleep(0.01)
    dev.end()
    what, mend = wrong(said)
    assert what == f"redis: process {dev.pid} runs on {dev.root}, and its Redis does not answer"
    assert "stop it and start it again" in mend


def test_a_locale_without_arrows_is_no_reason_to_say_nothing() -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    said = subprocess.run(
        [sys.executable, "-m", "headgate", "doctor", "--port", "0", "--redis-url", away],
        capture_output=True, text=True, timeout=20, check=False,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )  # fmt: skip
    assert said.stderr == ""
    assert "? start it, or correct HEADGATE_REDIS_URL" in said.stdout


def test_an_address_that_is_not_ours_is_not_blamed_on_the_port(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADGATE_HOST", "192.0.2.1")
    what, mend = wrong(doctor("--port", str(free_port())))
    assert what.startswith("port: cannot listen on 192.0.2.1:")
    assert mend == "→ set HEADGATE_HOST to an address of this machine"
    with pytest.raises(PortTaken, match="set HEADGATE_HOST to an address of this machine"):
        bound("192.0.2.1", 0, "HEADGATE_PORT")
