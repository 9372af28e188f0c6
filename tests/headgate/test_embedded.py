"""The embedded Redis keeps what it was told, and never outlives its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from headgate.bus.data_dir import DataDirUnusable, owned, owner
from headgate.bus.embedded import EmbeddedFailed, embedded, running_url, socket_path

HOLDER = """
import sys, time
from pathlib import Path
from redis import Redis
from headgate.bus.data_dir import owned
from headgate.bus.embedded import embedded
root = Path(sys.argv[1])
with owned(root), embedded(root, "always") as url:
    Redis.from_url(url).set("kept", "yes")
    print(Redis.from_url(url).info("server")["process_id"], flush=True)
    time.sleep(60)
"""


def client_of(url: str) -> Any:
    """A client that waits for its answers."""
    return Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType] - redis-py


def held(root: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that owns *root* and runs a Redis on it, and that Redis's own process id."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_a_second_start_finds_what_the_first_one_stored(tmp_path: Path) -> None:
    with owned(tmp_path), embedded(tmp_path, "always") as url:
        client_of(url).set("kept", "yes")
    assert running_url(tmp_path) is None
    with owned(tmp_path), embedded(tmp_path, "always") as url:
        assert running_url(tmp_path) == url
        assert client_of(url).get("kept") == b"yes"


def test_it_is_durable_and_refuses_rather_than_forgets(tmp_path: Path) -> None:
    with owned(tmp_path), embedded(tmp_path, "everysec") as url:
        found = client_of(url).config_get("*")
    assert found["appendonly"] == "yes"
    assert found["appendfsync"] == "everysec"
    assert found["maxmemory-policy"] == "noeviction"
    assert found["port"] == "0"


def test_a_killed_owner_takes_its_redis_along_and_nothing_is_lost(tmp_path: Path) -> None:
    process, redis_pid = held(tmp_path)
    with process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        with owned(tmp_path), embedded(tmp_path, "always") as url:
            assert client_of(url).get("kept") == b"yes"
            assert client_of(url).info("server")["process_id"] != redis_pid


def test_a_killed_redis_has_kept_its_file(tmp_path: Path) -> None:
    with owned(tmp_path), embedded(tmp_path, "always") as url:
        client = client_of(url)
        client.set("kept", "yes")
        os.kill(client.info("server")["process_id"], signal.SIGKILL)
    with owned(tmp_path), embedded(tmp_path, "always") as url:
        assert client_of(url).get("kept") == b"yes"


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    process, _ = held(tmp_path)
    with process:
        try:
            assert owner(tmp_path) == process.pid
            with pytest.raises(DataDirUnusable, match=f"process {process.pid} already runs on"):
                owned(tmp_path).__enter__()
        finally:
            process.kill()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(DataDirUnusable, match=r"cannot write to the data directory .*file"):
        owned(blocked / "inside").__enter__()


def test_a_damaged_file_is_an_error_with_the_words_of_redis(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").write_text("this is no append-only file\r\n" * 9)
    with (
        owned(tmp_path),
        pytest.raises(EmbeddedFailed, match="Bad file format"),
        embedded(tmp_path, "always"),
    ):
        pass


def test_a_deep_directory_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    assert not socket_path(deep).is_relative_to(deep)
    with owned(deep), embedded(deep, "always") as url:
        assert client_of(url).ping()
