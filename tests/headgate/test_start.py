"""What a server that starts need not load, it does not load."""

import subprocess
import sys

LATER = {
    *("apprise", "httpx", "jinja2", "jsonschema", "requests"),
    "sqlalchemy.dialects.postgresql",
}
"""What reads templates and schemas, what sends, the other database: loaded when it is used."""

LOADED = "import headgate.wiring, sys; print(*sys.modules)"


def test_what_is_used_later_is_not_loaded_by_who_starts() -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(said.stdout.split())
    assert "starlette" in loaded
    assert not loaded & LATER
