"""How large things may be. The limits go down, never up."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.sources import PACKAGES, modules, shown, tree

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 69
FOLDER_MODULES_MAX = 12
"""A folder of more than a dozen modules wants sub-folders."""

EVERYTHING = (*PACKAGES, "tests")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (
        node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_a_module_can_be_read_in_one_go() -> None:
    lines = {shown(p): len(p.read_text().splitlines()) for p in modules(*EVERYTHING)}
    assert {name: n for name, n in lines.items() if n > MODULE_LINES_MAX} == {}


def test_a_function_fits_on_a_screen() -> None:
    long = {
        f"{shown(path)}:{function.lineno} {function.name}": lines_of(function)
        for path in modules(*EVERYTHING)
        for function in functions(path)
        if lines_of(function) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_a_folder_can_be_taken_in_at_a_glance() -> None:
    crowd = Counter(shown(path.parent) for path in modules())
    assert {folder: n for folder, n in crowd.items() if n > FOLDER_MODULES_MAX} == {}
