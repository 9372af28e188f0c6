"""Prefect is installed with the uv that `make` has set up; none needs to be on the path."""

import sys
from pathlib import Path

import pytest

from headgate.demo import installing
from headgate.errors import ForPeople

FAILING = "#!/bin/sh\necho 'no index is reached' >&2\nexit 2\n"


def test_the_uv_that_make_has_set_up_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _program(tmp_path / "uv")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(installing, "UV", Path(sys.executable))
    assert installing.uv() == sys.executable
    monkeypatch.setattr(installing, "UV", tmp_path / "absent")
    assert installing.uv() == str(tmp_path / "uv")


def test_without_any_uv_a_person_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(installing, "UV", tmp_path / "absent")
    with pytest.raises(ForPeople, match=r"`make \.tools/bin/uv` sets it up"):
        installing.installed(tmp_path / "home")


def test_what_could_not_be_installed_is_told_and_not_taken_for_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installing, "UV", _program(tmp_path / "uv"))
    with pytest.raises(ForPeople, match="no index is reached"):
        installing.installed(tmp_path / "home")
    assert not installing.is_installed(tmp_path / "home")


def _program(path: Path) -> Path:
    path.write_text(FAILING)
    path.chmod(0o755)
    return path
