"""How we connect to Redis."""

import pytest

from events.log import Committed
from events.log.redis import RedisEventLog
from events.streams import Streams
from headgate.bus.connecting import RedisUrlInvalid, connected
from tests.support.commits import full
from tests.support.servers import RedisServer

pytestmark = pytest.mark.anyio

MANY = 120
"""More than redis-py lets a client have, unless it is told."""


async def test_one_process_can_hold_more_partitions_than_a_pool_has_connections(
    redis_server: RedisServer,
) -> None:
    redis = connected(redis_server.url)
    log = RedisEventLog(redis, Streams(partitions=MANY))
    try:
        for partition in range(MANY):
            commit = full(await log.head(partition), b"%d" % partition)
            assert await log.commit(partition, commit) == Committed()
    finally:
        await redis.aclose()


async def test_what_is_no_url_is_named_without_its_password() -> None:
    for url in ("redis://:hunter/2@example:6379/0", "redis://:hunter2@example:99999/0"):
        with pytest.raises(RedisUrlInvalid, match="is no URL of a Redis") as caught:
            connected(url)
        assert "hunter" not in str(caught.value)
