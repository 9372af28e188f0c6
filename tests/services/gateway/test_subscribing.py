"""Who subscribes says what it wants to hear, on every socket in the same way."""

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.gateway import Running
from tests.support.sockets import ANSWER_S, socket

EVENTS, LOGS = "/events/out", "/logs/out"


@pytest.mark.parametrize(
    ("path", "message", "reason"),
    [
        *(
            (path, message, reason)
            for path in (EVENTS, LOGS)
            for message, reason in (
                ("nope", "Expected 'filter' message"),
                ('{"type":"auth"}', "Expected 'filter' message"),
                ('{"type":"filter"}', "Invalid filter: 'filter'"),
                ('{"type":"filter","filter":{"bogus":1}}', "Invalid filter: Object contains un"),
            )
        ),
        (EVENTS, '{"type":"filter","filter":{"id":{"id":["x"]}}}', "Invalid filter: Invalid UUID"),
        (LOGS, '{"type":"filter","filter":{"level":{"ge_":"x"}}}', "Invalid filter: Expected `int"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(
    gateway: Running, path: str, message: str, reason: str
) -> None:
    with socket(gateway, path) as connection:
        connection.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1002
    assert closed.value.rcvd.reason.startswith(reason)
