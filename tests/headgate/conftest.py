"""One `headgate dev` for all tests that only speak to it, and a clean environment for all."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dev import Dev


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A running `headgate dev`, shared: use runs of your own."""
    dev = Dev(tmp_path_factory.mktemp("dev") / "data").start()
    yield dev
    assert dev.stop() == 0, dev.said()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting comes from outside, and nothing is written to anybody's home."""
    for name in [each for each in os.environ if each.startswith("HEADGATE_")]:
        if not name.startswith("HEADGATE_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HEADGATE_DATA_DIR", str(tmp_path / "home"))
