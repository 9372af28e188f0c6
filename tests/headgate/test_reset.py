"""`headgate reset` empties a server that does not run, after asking, and says what it deletes."""

import io
from pathlib import Path

import pytest

from headgate.cli import main
from tests.support.dev import Dev
from tests.support.gateway import Running

Said = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """Somebody sits there and types."""

    def isatty(self) -> bool:
        return True


def lines(said: Said) -> str:
    read = said.readouterr()
    return " ".join((read.out + read.err).split())


@pytest.mark.timeout(60)
def test_a_server_is_emptied_after_asking(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "data"
    dev = Dev(root).start()
    dev.flow_run("gone")
    assert main(["reset", "--yes", "--data-dir", str(root)]) == 1
    said = lines(capsys)
    assert "gateway, notifier, projector, rule-processor, timers; stop it first" in said
    assert dev.post("/flows/count") == 1
    assert dev.stop() == 0
    key = (root / "encryption.key").read_bytes()

    assert main(["reset", "--data-dir", str(root)]) == 2
    assert "`headgate reset --yes`" in lines(capsys)
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    assert main(["reset", "--data-dir", str(root)]) == 1
    said = lines(capsys)
    assert "2 decisions" in said
    assert "nothing was deleted" in said

    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert main(["reset", "--data-dir", str(root)]) == 0
    assert "the server is empty" in lines(capsys)
    assert (root / "encryption.key").read_bytes() == key
    again = Dev(root).start()
    assert again.post("/flows/count") == again.post("/flow_runs/count") == 0
    assert again.stop() == 0


def test_a_log_under_another_prefix_stays(
    redis_url: str, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADGATE_REDIS_URL", redis_url)
    stays, goes = f"stays-{tmp_path.name}", f"goes-{tmp_path.name}"
    for prefix in (stays, goes):
        with Running(redis_url, tmp_path / prefix, prefix) as running, running.client() as api:
            assert api.post("/flows/", json={"name": "etl"}).status_code == 201
            directory = str(tmp_path / prefix)
            words = ["reset", "--yes", "--prefix", prefix, "--data-dir", directory]
            assert main(words) == 1
            assert f"there still runs on '{prefix}'" in lines(capsys)
    assert main(["reset", "--yes", "--prefix", goes, "--data-dir", str(tmp_path / goes)]) == 0
    assert "1 decisions" in lines(capsys)

    for prefix, count in ((stays, 1), (goes, 0)):
        with Running(redis_url, tmp_path / prefix, prefix) as running, running.client() as api:
            assert api.post("/flows/count", json={}).json() == count
        directory = str(tmp_path / prefix)
        assert main(["reset", "--yes", "--prefix", prefix, "--data-dir", directory]) == 0


def test_where_there_is_nothing_there_is_nothing_to_delete(tmp_path: Path, capsys: Said) -> None:
    assert main(["reset", "--yes", "--data-dir", str(tmp_path / "nowhere")]) == 1
    assert "there is nothing in the data directory" in lines(capsys)
