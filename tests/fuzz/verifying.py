"""What was written verifies: the log, its snapshots and its views."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fuzz.findings import Findings


def verify(root: Path, redis_url: str, findings: Findings) -> None:
    """Verify what is in *root* and on the Redis."""
    ran = subprocess.run(
        [sys.executable, "-m", "headgate", "replay", "--verify"],
        env={**os.environ, "HEADGATE_REDIS_URL": redis_url, "HEADGATE_DATA_DIR": str(root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode != 0:
        findings.found("headgate replay", "does not verify", ran.stdout + ran.stderr)
