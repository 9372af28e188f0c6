"""What was written verifies: the log, its snapshots, and its views but for what is told below.

A task run that is told of under one flow run, and again under another or none, is decided in two
partitions, each of which knows nothing of the other. Its row is what was folded last, and a
rebuild may fold in another order. No client does this; it is printed, and is no failure.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from redis import Redis

from events.wire.codec import decode_decision
from tests.fuzz.findings import Findings

_row = re.compile(r"view \w+, row \{'id': UUID\('(?P<id>[0-9a-f-]{36})'\)\}")


def verify(root: Path, redis_url: str, findings: Findings) -> list[str]:
    """Verify what is in *root* and on the Redis; gives the differences that were to be expected."""
    ran = subprocess.run(
        [sys.executable, "-m", "headgate", "replay", "--verify"],
        env={**os.environ, "HEADGATE_REDIS_URL": redis_url, "HEADGATE_DATA_DIR": str(root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    faults = [line for line in ran.stderr.splitlines() if line.startswith("error: ")]
    expected = [line for line in faults if _is_told_twice(line, redis_url)]
    if ran.returncode != 0 and (not faults or len(expected) < len(faults)):
        findings.found("headgate replay", "does not verify", ran.stdout + ran.stderr)
    return expected


def _is_told_twice(fault: str, redis_url: str) -> bool:
    """Whether *fault* is about a run that several partitions have decided on."""
    found = _row.search(fault)
    if found is None:
        return False
    return len({*_partitions_with(found["id"].encode(), redis_url)}) > 1


def _partitions_with(id: bytes, redis_url: str) -> Iterator[bytes]:
    client: Any = Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        for key in client.scan_iter("headgate:*:transitions"):
            bodies = [fields[b"decision"] for _, fields in client.xrange(key)]
            if any(_subject_of(body).endswith(id) for body in bodies):
                yield key


def _subject_of(body: bytes) -> bytes:
    """The entity that a decision is about; whatever else it mentions does not count."""
    return decode_decision(body).subject.encode()
