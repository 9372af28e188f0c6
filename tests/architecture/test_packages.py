"""The package on the path is ours, and what we depend on is locked."""

import re
import tomllib
from importlib import import_module
from importlib.metadata import packages_distributions

import pytest

from tests.support.sources import PACKAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
SERVICE_LOCK = (ROOT / "requirements-service.lock").read_text()
OWNERS = packages_distributions()


def normal(requirement: str) -> str:
    """The name in *requirement*, spelt as the lock spells it."""
    named = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert named is not None
    return re.sub(r"[-_.]+", "-", named[0]).lower()


def entries(lock: str) -> list[str]:
    return re.split(r"\n(?=[a-z0-9])", lock.strip())


def pins(lock: str) -> set[str]:
    return {each.split("==")[0] + "==" + each.split("==")[1].split()[0] for each in entries(lock)}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_on_the_path_is_ours(package: str) -> None:
    where = import_module(package).__file__
    assert where == str(ROOT / package / "__init__.py")


@pytest.mark.parametrize("package", PACKAGES)
def test_nobody_else_owns_our_names(package: str) -> None:
    """PyPI has an `events` of its own, which another dependency may bring along unasked."""
    owners = set(OWNERS.get(package, []))
    assert owners - {PROJECT["project"]["name"]} == set()


def test_every_dependency_is_locked() -> None:
    wanted = {
        normal(requirement)
        for requirement in PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    }
    assert wanted - {normal(each) for each in entries(LOCK)} == set()


def test_every_locked_version_is_pinned_with_its_hashes() -> None:
    bare = [each for each in entries(LOCK) if "==" not in each or "--hash=sha256:" not in each]
    assert bare == []


def test_the_image_holds_the_versions_that_were_tested() -> None:
    wanted = {normal(requirement) for requirement in PROJECT["project"]["dependencies"]}
    assert wanted - {normal(each) for each in entries(SERVICE_LOCK)} == set()
    assert pins(SERVICE_LOCK) - pins(LOCK) == set()


@pytest.mark.parametrize("lock", [LOCK, SERVICE_LOCK], ids=["all", "service"])
def test_a_lock_names_no_registry(lock: str) -> None:
    assert re.findall(r"https?://\S+|--\S*(?:index|links)\S*", lock) == []
