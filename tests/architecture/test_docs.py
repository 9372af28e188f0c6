"""The documentation names what there is, its links lead somewhere, and its Python runs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.json import decode as json_decode

from events.wire.registry import MESSAGES, PROPOSALS, name_of
from headgate.cli import COMMANDS
from headgate.settings import Settings, variable
from tests.support.sources import ROOT, shown

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
JSON = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
MESSAGE = re.compile(r"`([a-z_]+\.v\d+)`")

each_page = pytest.mark.parametrize("page", PAGES, ids=shown)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made of the words."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(page: Path, target: str, anchor: str) -> bool:
    path = (page.parent / target).resolve() if target else page
    return not path.exists() or (bool(anchor) and anchor not in anchors(path))


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text())
    assert [link for link in links if leads_nowhere(page, *link)] == []


@each_page
def test_python_in_the_documentation_runs(page: Path, tmp_path: Path) -> None:
    script = "\n".join(PYTHON.findall(page.read_text()))
    if script:
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr


@each_page
def test_messages_in_the_documentation_are_messages(page: Path) -> None:
    for block in JSON.findall(page.read_text()):
        kind = json.loads(block)["type"]
        json_decode(block, type=MESSAGES[kind], strict=True)


def test_the_reference_names_every_proposal() -> None:
    named = MESSAGE.findall((ROOT / "docs" / "reference" / "streams.md").read_text())
    assert [each for each in map(name_of, PROPOSALS) if each not in named] == []


def test_the_readme_names_every_make_target() -> None:
    targets = re.findall(r"^([a-z-]+):.*?## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    readme = (ROOT / "README.md").read_text()
    assert [name for name in targets if f"`make {name}`" not in readme] == []


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in COMMANDS if f"`headgate {name}`" not in readme] == []


def test_the_settings_are_listed() -> None:
    listed = (ROOT / "docs" / "operations.md").read_text()
    names = [variable(field) for field in Settings.model_fields]
    assert [name for name in names if f"| `{name}` |" not in listed] == []


@pytest.mark.parametrize("page", DECISIONS, ids=shown)
def test_a_decision_has_a_context_a_decision_and_a_consequence(page: Path) -> None:
    titles = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    assert titles == ["Context", "Decision", "Consequence"]


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == [*range(1, len(DECISIONS) + 1)]
