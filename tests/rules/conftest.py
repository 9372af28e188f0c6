"""The case of every test of the rules."""

from collections.abc import Iterator

import pytest

from tests.support.case import Case


@pytest.fixture
def case() -> Iterator[Case]:
    """Nothing has happened yet."""
    case = Case()
    yield case
    case.finish()
