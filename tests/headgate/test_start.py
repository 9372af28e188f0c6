"""What a server that starts need not load, it does not load."""

import subprocess
import sys

LATER = {"jinja2", "jsonschema"}
"""What reads templates and schemas: loaded when the first one comes."""

LOADED = (
    "import headgate.wiring, sys; print(*sorted({each.partition('.')[0] for each in sys.modules}))"
)


def test_templates_and_schemas_are_not_read_by_who_starts() -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(said.stdout.split())
    assert "fastapi" in loaded
    assert not loaded & LATER
