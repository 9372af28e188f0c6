"""An unmodified Prefect client in an environment of its own, made once and kept in a cache."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

PREFECT = "prefect==3.9.1"
OVERRIDE = "certifi"
"""The client pins a release of it that an index may not have yet."""


def prefect_python() -> Path:
    """The interpreter of the environment; the first call makes it, which takes some seconds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headgate"
    place = cache / PREFECT.replace("==", "-")
    made, python = place / ".made", place / "bin" / "python"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(place, ignore_errors=True)
            _uv("venv", "--quiet", "--python", "3.11", str(place))
            override = place / "override.txt"
            override.write_text(OVERRIDE)
            _uv(
                *("pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)),
                *("--override", str(override), PREFECT),
            )
            made.touch()
    return python


def run_script(script: Path, api_url: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run *script* with the client, talking to *api_url*; what it said and how it ended."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PREFECT_HOME": str(home / ".prefect"),
        "PREFECT_API_URL": api_url,
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [str(prefect_python()), str(script)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _uv(*arguments: str) -> None:
    done = subprocess.run(["uv", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"uv {' '.join(arguments)}: {done.stderr}"
