"""The case of every test of the rules."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.support.case")

from tests.support.case import Case  # noqa: E402  its assertions must be rewritten first


@pytest.fixture
def case() -> Iterator[Case]:
    """Nothing has happened yet."""
    case = Case()
    yield case
    case.finish()
