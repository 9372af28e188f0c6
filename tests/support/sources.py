"""Our own source files, as the architecture tests read them: paths, names and syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("events", "services", "projections", "headgate")
"""Our top-level packages; one that has no files yet counts too."""


def modules(*folders: str) -> list[Path]:
    """The Python files below these folders of the repository, all packages when none is named."""
    return sorted(
        path
        for folder in folders or PACKAGES
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def shown(path: Path) -> str:
    """*path* as a person names it, from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def dotted(path: Path) -> str:
    """The name by which the module at *path* is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of the module at *path*."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=shown(path))


def tracked() -> Iterator[Path]:
    """Every text file of ours that git knows; all files where there is no repository."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [
            path
            for path in ROOT.rglob("*")
            if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        ]
    return (path for path in found if path.is_file())
