"""A database of the views that cannot be used is named in one line, whoever needs it."""

from pathlib import Path

import pytest

from headgate.cli import main
from tests.support.dev import Dev
from tests.support.servers import free_port

COMMANDS = [("history",), ("rebuild",), ("reset", "--yes"), ("replay",)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a Headgate that has been stopped."""
    dev = Dev(tmp_path_factory.mktemp("stopped") / "data").start()
    assert dev.stop() == 0, dev.said()
    return dev.root


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_what_is_wrong_with_the_database_is_one_line(
    root: Path,
    tmp_path: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    for url, why in (
        (f"postgresql://me:hunter2@127.0.0.1:{free_port()}/views", "connection failed"),
        ("postgresql://me:hunter2@127.0.0.1:many/views", "it is no URL of a database"),
        (f"sqlite:///{tmp_path / 'file' / 'views.db'}", "File exists"),
    ):
        monkeypatch.setenv("HEADGATE_DATABASE_URL", url)
        assert main([*words, "--data-dir", str(root)]) == 1
        said = capsys.readouterr().err
        assert said.startswith("error: the views ")
        assert why in said
        assert said.count("\n") == 1
        assert "hunter2" not in said


def test_views_that_nobody_has_made_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history"]) == 1
    assert capsys.readouterr().err.startswith("error: the views are not there yet")
