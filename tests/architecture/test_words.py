"""Names say what things are, and nothing that we keep knows the machine it was written on."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sources import PACKAGES, ROOT, modules, shown, tracked, tree

BANNED = {
    *("abstract", "base", "common", "data", "helper", "helpers", "impl", "info", "manager"),
    *("managers", "misc", "util", "utils"),
}
"""Words that could stand for anything."""

TERMS = (
    *("data_dir", "DataDir", "stored_data", "block_document_data", "serialize_data"),
    *("BaseModel", "data_received"),
)
"""Terms of the user's that contain one: HEADGATE_DATA_DIR, the `data` that a state carries, an
operation and objects that clients know by these names; what asyncio calls."""

MACHINES = re.compile(r"(?<![\w.}])/(?:work|root|home|opt)/\w|/(?:usr/local/share|var/tmp)/\w")
"""Paths that exist on somebody's machine only."""

SETUP = ("pyproject.toml", "Makefile", "Dockerfile", "compose.yaml", ".ci/run")
"""Files that install things. They take the registries as the machine has them set up."""


def words(name: str) -> set[str]:
    """The words of a name in either case: `RunManager` and `run_manager` alike."""
    for term in TERMS:
        name = name.replace(term, "")
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def names(path: Path, source: ast.Module) -> Iterator[str]:
    yield path.parent.name if path.name == "__init__.py" else path.stem
    for node in ast.walk(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def test_names_are_made_of_words_that_mean_something() -> None:
    vague = [
        f"{shown(path)} {name}"
        for path in modules(*PACKAGES, "tests/support")
        for name in names(path, tree(path))
        if words(name) & BANNED
    ]
    assert vague == []


@pytest.mark.parametrize("name", ["RunManager", "run_manager", "_base", "HTTPInfo", "data_of"])
def test_a_vague_name_is_seen(name: str) -> None:
    assert words(name) & BANNED


@pytest.mark.parametrize("name", ["database", "informed", "baseline", "data_dir", "StateDetails"])
def test_a_clear_name_is_left_alone(name: str) -> None:
    assert not words(name) & BANNED


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    found = [
        f"{shown(path)}: {match[0]}"
        for path in tracked()
        if path.suffix not in {".png", ".ico"} and path != Path(__file__)
        for match in MACHINES.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("name", SETUP)
def test_nothing_that_installs_names_a_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    assert re.findall(r"https?://(?!localhost|127\.0\.0\.1)\S+|--(?:extra-)?index-url", text) == []
