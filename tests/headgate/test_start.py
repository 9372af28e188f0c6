"""What a server that starts need not load, it does not load."""

import subprocess
import sys

LATER = {"apprise", "httpx", "jinja2", "jsonschema", "requests"}
"""What reads templates and schemas, and what sends: loaded when it is used first."""

LOADED = (
    "import headgate.wiring, sys; print(*sorted({each.partition('.')[0] for each in sys.modules}))"
)


def test_what_reads_templates_and_what_sends_is_not_loaded_by_who_starts() -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(said.stdout.split())
    assert "fastapi" in loaded
    assert not loaded & LATER
