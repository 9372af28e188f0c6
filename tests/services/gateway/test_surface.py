"""Whatever the client package may call is there."""

import re

from services.gateway.routes import OPERATIONS
from tests.support.surface import CLIENT_OPERATIONS

_parameter = re.compile(r"{[^}]+}")


def _plain(method: str, path: str) -> tuple[str, str]:
    return method, _parameter.sub("{}", path)


def test_every_operation_of_the_client_is_offered() -> None:
    offered = {_plain(one.method, one.path) for one in OPERATIONS}
    wanted = {_plain(*line.split()) for line in CLIENT_OPERATIONS.split("\n") if line}

    assert len(wanted) == 125
    assert sorted(wanted - offered) == []


def test_no_operation_is_offered_twice() -> None:
    offered = [_plain(one.method, one.path) for one in OPERATIONS]

    assert len(offered) == len(set(offered))
