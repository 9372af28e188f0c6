"""The unmodified Prefect client, in an environment of its own that shares nothing with ours."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..errors import ForPeople

REQUIREMENT = "prefect==3.9.1"
OVERRIDE = "certifi"
"""The client asks for a newer certifi than some indexes have; any will do for plain HTTP."""

FLOW = Path(__file__).with_name("flow.py")
RUN_S = 180.0


def uv(root: Path) -> str:
    """The uv that `make` has set up under *root*, or the one on the path."""
    own = root / ".tools" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise ForPeople("there is no uv to install the client with; run `make demo`")
    return found


def installed(home: Path) -> bool:
    """Whether the client is there from an earlier demonstration."""
    marker = home / "requirement"
    return marker.exists() and marker.read_text() == REQUIREMENT


def install(home: Path, root: Path) -> None:
    """Install the client into *home*."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    override = home / "override.txt"
    override.write_text(f"{OVERRIDE}\n")
    environment = home / "venv"
    _run(uv(root), "venv", "--quiet", "--python", sys.executable, str(environment))
    _run(
        uv(root), "pip", "install", "--quiet", "--compile-bytecode",
        "--python", str(environment / "bin" / "python"), "--override", str(override), REQUIREMENT,
    )  # fmt: skip
    (home / "requirement").write_text(REQUIREMENT)


def run_flow(home: Path, api_url: str) -> str:
    """Run the flow against the API at *api_url*; what it printed. ForPeople when it failed."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "PYTHON", "HEADGATE_"))
    }
    environment |= {
        "PREFECT_API_URL": api_url,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    python = str(home / "venv" / "bin" / "python")
    ran = subprocess.run(
        [python, str(FLOW)], env=environment, cwd=home, capture_output=True, text=True,
        timeout=RUN_S, check=False,
    )  # fmt: skip
    (home / "flow.log").write_text(ran.stdout + ran.stderr)
    if ran.returncode:
        raise ForPeople(f"the flow failed:\n{ran.stdout[-1000:]}{ran.stderr[-3000:]}")
    return ran.stdout


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ForPeople(f"{' '.join(command[:3])} failed:\n{ran.stderr.strip()}")
