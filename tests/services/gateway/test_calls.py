"""A call knows who asks."""

import pytest

from services.gateway.http.calls import Call


@pytest.mark.parametrize(
    ("agent", "version"),
    [
        ("prefect/3.9.1 (API 0.8.4)", "3.9.1"),
        ("prefect/3.4.11rc1 (API 0.8.4)", "3.4.11rc1"),
        ("prefect/3.9.1+7.gabc (API 0.8.4)", "3.9.1+7.gabc"),
        ("prefect/3.9.1", None),
        ("prefect/3.9 (API 0.8.4)", None),
        ("my-prefect/3.9.1 (API 0.8.4)", None),
        ("python-httpx/0.28", None),
    ],
)
def test_only_a_client_that_says_its_api_has_a_version(agent: str, version: str | None) -> None:
    """Spec 2.1: of the form `prefect/<version> (API <x>)`."""
    call = Call({"type": "http"}, {b"user-agent": agent.encode()}, b"", None)
    assert call.client_version == version


def test_who_says_nothing_has_no_version() -> None:
    assert Call({"type": "http"}, {}, b"", None).client_version is None
