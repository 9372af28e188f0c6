"""A replay finds every entry, snapshot and row that does not follow from the log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec import Struct
from redis.asyncio import Redis
from sqlalchemy import text

from events.entities import flow_run_key
from events.log.redis import RedisEventLog
from events.states import StateType
from events.streams import Streams
from headgate.replay import Verdict, verify
from projections.store import Store, open_engine
from projections.views import PROJECTIONS
from projections.worker import fold_found
from tests.support.processing import create, logged, processing, propose, proposing, run_in

pytestmark = pytest.mark.anyio

P = 3


Fields = dict[bytes, bytes]
Change = Callable[[int, bytes, Fields], tuple[bytes, Fields] | None]


def without(missing: int) -> Change:
    """All entries but one."""
    return lambda place, id, fields: None if place == missing else (id, fields)


class Kept(Struct):
    """A log of a few decisions in partition P, its views, and the run that they are about."""

    log: RedisEventLog
    redis: Any
    views_url: str
    run: UUID

    async def verdict(self) -> Verdict:
        return await verify(self.log, self.redis, self.views_url)

    def sql(self, statement: str) -> None:
        """Change the views behind everybody's back."""
        engine = open_engine(self.views_url)
        with engine.execution_options(is_writing=True).begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    async def rewritten(self, change: Change) -> None:
        """Write the partition's log again, as *change* makes it of id and fields."""
        key = self.log.streams.transitions(P)
        entries = await self.redis.xrange(key)
        await self.redis.delete(key)
        for place, (id, fields) in enumerate(entries):
            changed = change(place, id, fields)
            if changed is not None:
                await self.redis.xadd(key, changed[1], id=changed[0])


@pytest.fixture
async def kept(redis_url: str, redis: Redis, streams: Streams, tmp_path: Path) -> Kept:
    run, log = run_in(P), RedisEventLog(redis, streams)
    async with (
        processing(redis_url, redis, streams),
        proposing(redis, streams) as proposer,
    ):
        await proposer.propose(create(run))
        for type in (StateType.PENDING, StateType.RUNNING, StateType.COMPLETED):
            await proposer.propose(propose(run, type))
    views_url = f"sqlite:///{tmp_path / 'views.db'}"
    engine = open_engine(views_url)
    store = Store(engine)
    store.prepare(PROJECTIONS)
    tables = [(each, each.name) for each in PROJECTIONS]
    fold_found(store, tables, [(P, await logged(log, P))])
    engine.dispose()
    return Kept(log, redis, views_url, run)


async def test_what_nobody_touched_is_intact(kept: Kept) -> None:
    verdict = await kept.verdict()
    assert verdict.faults == []
    assert verdict.summary() == "replay: 4 decisions, chain intact, views equal"


async def test_a_changed_decision_is_named_by_its_place(kept: Kept) -> None:
    def change(place: int, id: bytes, fields: Fields) -> tuple[bytes, Fields]:
        if place == 2:
            fields[b"decision"] = fields[b"decision"].replace(b"RUNNING", b"CRASHED")
        return id, fields

    await kept.rewritten(change)
    verdict = await kept.verdict()
    assert verdict.summary() == "replay: 2 decisions, chain BROKEN"
    (fault,) = verdict.faults
    assert fault.startswith(f"partition {P}, position 3: entry ")
    assert fault.endswith("it was changed: its hash is not that of what it says")


async def test_a_missing_decision_is_named_by_its_place(kept: Kept) -> None:
    await kept.rewritten(without(1))
    (fault,) = (await kept.verdict()).faults
    assert fault.startswith(f"partition {P}, position 2: entry ")
    assert fault.endswith("position 2 is missing")


async def test_a_log_that_was_cut_short_is_noticed(kept: Kept) -> None:
    await kept.rewritten(without(3))
    (fault,) = (await kept.verdict()).faults
    assert fault.startswith(f"partition {P}, position 4: the log ends with entry ")


async def test_a_changed_snapshot_is_named(kept: Kept) -> None:
    key = kept.log.streams.snapshots(P)
    stored = await kept.redis.hget(key, flow_run_key(kept.run))
    await kept.redis.hset(key, flow_run_key(kept.run), stored.replace(b"COMPLETED", b"FAILED"))
    verdict = await kept.verdict()
    assert verdict.summary() == ("replay: 4 decisions, chain intact, snapshots DIFFER, views equal")
    assert verdict.faults == [
        f"partition {P}, snapshot flow_run:{kept.run}: it is not version 4 of the log"
    ]


async def test_a_snapshot_that_is_missing_or_too_much_is_named(kept: Kept) -> None:
    key, stranger = kept.log.streams.snapshots(P), flow_run_key(UUID(int=7))
    await kept.redis.hdel(key, flow_run_key(kept.run))
    await kept.redis.hset(key, stranger, b"{}")
    faults = (await kept.verdict()).faults
    assert faults == [
        f"partition {P}, snapshot {stranger}: the log knows nothing of it",
        f"partition {P}, snapshot flow_run:{kept.run}: it is missing, or cannot be read",
    ]


async def test_a_changed_row_is_named_with_what_a_rebuild_has(kept: Kept) -> None:
    kept.sql("UPDATE flow_runs SET state_type = 'FAILED'")
    verdict = await kept.verdict()
    assert verdict.summary() == "replay: 4 decisions, chain intact, views DIFFER"
    (fault,) = verdict.faults
    assert fault.startswith("view flow_runs, row ")
    assert fault.endswith("state_type is 'FAILED', a rebuild has 'COMPLETED'")


async def test_a_lost_row_is_named(kept: Kept) -> None:
    kept.sql("DELETE FROM flow_runs")
    (fault,) = (await kept.verdict()).faults
    assert fault.startswith("view flow_runs: a row is missing: ")
    assert str(kept.run) in fault


async def test_views_that_are_ahead_of_the_log_are_wrong(kept: Kept) -> None:
    kept.sql("UPDATE checkpoints SET position = position + 5")
    (fault,) = (await kept.verdict()).faults
    assert "the views have reached 9" in fault


async def test_views_that_are_behind_are_equal_as_far_as_they_are(
    kept: Kept, redis_url: str, redis: Redis, streams: Streams
) -> None:
    async with (
        processing(redis_url, redis, streams),
        proposing(redis, streams) as proposer,
    ):
        await proposer.propose(propose(kept.run, StateType.RUNNING))
    verdict = await kept.verdict()
    assert verdict.faults == []
    assert verdict.summary() == (
        "replay: 5 decisions, chain intact, views equal (1 decisions behind)"
    )
