"""What was written verifies: the log, its snapshots and its views, and nothing stumbled."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from tests.fuzz.findings import Findings


def tracebacks(said: str) -> Iterator[str]:
    """Those in what a service *said*: in its log's lines of JSON, and what Python says itself."""
    for line in said.splitlines(keepends=True):
        if line.startswith("{") and "Traceback" in line:
            yield json.loads(line).get("traceback", line)
        elif line.startswith("Traceback"):
            yield said[said.index(line) :]


def verify(redis_url: str, database_url: str, findings: Findings) -> None:
    """Verify what is on the Redis and in the database."""
    ran = subprocess.run(
        [sys.executable, "-m", "headgate", "replay", "--verify"],
        env={**os.environ, "HEADGATE_REDIS_URL": redis_url, "HEADGATE_DATABASE_URL": database_url},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode != 0:
        findings.found("headgate replay", "does not verify", ran.stdout + ran.stderr)
