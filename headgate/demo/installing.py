"""Prefect as it is released, in an environment of its own that shares nothing with ours.

The demonstration's client comes from here, and so do the client and the reference of the tests.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from ..errors import ForPeople

REQUIREMENT = "prefect==3.9.1"
OVERRIDE = "certifi"
"""It pins a release of certifi that an index may not have yet; any will do for plain HTTP."""

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".tools" / "bin" / "uv"
"""Where `make` sets uv up."""


def uv() -> str:
    """The uv that `make` has set up, or the one on the path. ForPeople when there is none."""
    found = str(UV) if UV.exists() else shutil.which("uv")
    if found is None:
        raise ForPeople("there is no uv to install Prefect with; `make .tools/bin/uv` sets it up")
    return found


def is_installed(home: Path) -> bool:
    """Whether the environment in *home* is whole, and of this release."""
    marker = _marker(home)
    return marker.exists() and marker.read_text() == REQUIREMENT


def installed(home: Path) -> Path:
    """The interpreter of the environment in *home*; the first call makes it, in some seconds.

    ForPeople when it cannot be made, with what uv said.
    """
    environment = home / "venv"
    python = environment / "bin" / "python"
    if not is_installed(home):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        override = home / "override.txt"
        override.write_text(f"{OVERRIDE}\n")
        _run(uv(), "venv", "--quiet", "--python", sys.executable, str(environment))
        _run(
            uv(), "pip", "install", "--quiet", "--compile-bytecode",
            "--python", str(python), "--override", str(override), REQUIREMENT,
        )  # fmt: skip
        _marker(home).write_text(REQUIREMENT)
    return python


def _marker(home: Path) -> Path:
    return home / "requirement"


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ForPeople(f"{' '.join(command[:3])} failed:\n{ran.stderr.strip()}")
