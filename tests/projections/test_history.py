"""The history of flow runs is the one that all runs, asked one by one, would give."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from events.entities import FlowRun
from events.instants import micros_of
from events.queries import FlowRunFilter, HistoryQuery
from events.queries.criteria import IdIs
from events.states import StateType
from projections.reads.history import divided, nested
from projections.views.history import LEVELS
from tests.support.history import history_of
from tests.support.rows import Database
from tests.support.telling import Story, created, moved, seconds

TYPES = [
    *(StateType.SCHEDULED, StateType.RUNNING, StateType.COMPLETED, StateType.FAILED),
    *(StateType.PENDING, StateType.PAUSED, StateType.CANCELLING),
]


class Life(NamedTuple):
    """A flow run: when it is created and due, and what it enters how long afterwards."""

    at: float
    due: float | None
    moves: list[tuple[StateType, float]]


near = st.integers(-4_000_000, 4_000_000).map(lambda micros: micros / 1e6)
whole = st.integers(-100, 100).map(float)
far = st.integers(-200_000, 200_000).map(float)
moments = st.one_of(near, near, whole, far)
spans = st.one_of(st.integers(0, 200).map(float), moments)
lives = st.lists(
    st.builds(
        Life,
        at=moments,
        due=st.none() | moments,
        moves=st.lists(st.tuples(st.sampled_from(TYPES), moments), max_size=5),
    ),
    min_size=1,
    max_size=12,
)


def tell(story: Story, lives: Sequence[Life]) -> list[FlowRun]:
    runs: list[UUID] = []
    for number, life in enumerate(lives):
        runs.append(created(story, number, at=life.at, due=life.due))
        for type, after in life.moves:
            moved(story, runs[-1], type, at=life.at + after)
    return [story.flow_run_of(run) for run in runs]


@pytest.mark.anyio
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lives=lives, start=moments, length=spans, buckets=st.integers(1, 40), now=moments)
async def test_it_is_what_the_runs_would_say(
    database: Database,
    lives: list[Life],
    start: float,
    length: float,
    buckets: int,
    now: float,
) -> None:
    story = Story()
    runs = tell(story, lives)
    database.tell(Story()).clear()
    database.tell(story)
    query = HistoryQuery(
        start=seconds(start),
        end=seconds(start + length),
        interval=max(1.0, round(abs(length) / buckets, 6)),
    )
    expected = history_of(runs, query, seconds(now))
    assert await database.views.flow_run_history(query, seconds(now)) == expected
    every_run = structs.replace(query, flow_runs=FlowRunFilter(id=IdIs(not_any_=[])))
    assert await database.views.flow_run_history(every_run, seconds(now)) == expected


@given(start=st.integers(0, 10**9), length=st.integers(0, 10**6))
def test_cells_cover_a_span_once_and_as_coarsely_as_they_can(start: int, length: int) -> None:
    end = start + length
    cells = sorted((first, last, level) for level, first, last in nested(start, end))
    reached = start
    for first, last, level in cells:
        assert first == reached
        assert first % level == last % level == 0
        reached = last
    assert reached == end
    for level, above in pairwise(LEVELS):
        spans = [last - first for first, last, each in cells if each == level]
        assert len(spans) <= 2
        assert all(span < 2 * above for span in spans)


def test_a_second_is_asked_of_the_runs_only_where_it_is_cut_or_now() -> None:
    edges, second = [500_000, 10_500_000], 1_000_000
    cells, runs = divided(edges, now=4_200_000)
    assert [(part.start, part.end) for part in runs] == [
        (500_000, second),
        (10 * second, 10_500_000),
        (4 * second, 5 * second),
    ]
    assert [(part.start, part.end, part.is_past) for part in cells] == [
        (1, 4, True),
        (5, 10, False),
    ]
    cells, runs = divided([0, 10 * second], now=4 * second)
    assert runs == []


@pytest.mark.anyio
async def test_runs_do_not_count_before_they_are_expected_or_outside(database: Database) -> None:
    story = Story()
    for number, due in enumerate((-0.000_001, 0.0, 9.999_999, 10.0, 11.0, 15.0)):
        created(story, number, at=-60, due=due)
    database.tell(story)
    query = HistoryQuery(start=seconds(0), end=seconds(11), interval=5)
    history = await database.views.flow_run_history(query, seconds(-60))
    counts = [sum(state.count_runs for state in bucket.states) for bucket in history]
    assert counts == [1, 1, 2], "the last bucket goes on beyond the end, and counts what is there"
    assert [bucket.interval_start for bucket in history] == [seconds(s) for s in (0, 5, 10)]
    assert history[-1].interval_end == seconds(15)


@pytest.mark.anyio
async def test_empty_buckets_are_there_and_no_more_than_five_hundred(database: Database) -> None:
    database.tell(Story())
    query = HistoryQuery(start=seconds(0), end=seconds(10_000), interval=1.5)
    history = await database.views.flow_run_history(query, seconds(0))
    assert len(history) == 500
    assert {len(bucket.states) for bucket in history} == {0}
    assert history[1].interval_start == seconds(1.5)


@pytest.mark.anyio
@pytest.mark.parametrize("end", [0, -5])
async def test_a_reversed_range_has_no_buckets(database: Database, end: float) -> None:
    database.tell(Story())
    query = HistoryQuery(start=seconds(0), end=seconds(end), interval=1)
    assert await database.views.flow_run_history(query, seconds(0)) == []


@pytest.mark.parametrize("interval", [0.999, 0, -1, float("nan")])
def test_an_interval_is_at_least_a_second(interval: float) -> None:
    with pytest.raises(ValueError, match="History interval must not be less than 1 second"):
        HistoryQuery(start=seconds(0), end=seconds(1), interval=interval)


def life(number: int) -> Life:
    """One of many lives, due within three days, at whole and at broken seconds."""
    due = number * 7_919 % 250_000 + number % 7 / 7
    type = TYPES[number % len(TYPES)]
    moves = [(type, due % 100 + 0.25)] if number % 3 else [(StateType.RUNNING, 5.5), (type, 9.5)]
    return Life(at=due - 50, due=None if number % 5 == 0 else due, moves=moves)


@pytest.mark.anyio
async def test_coarse_cells_say_what_fine_ones_say(database: Database) -> None:
    story = Story()
    runs = tell(story, [life(number) for number in range(120)])
    database.tell(story)
    for start, interval in ((-100, 700), (0.75, 7_200), (-3_600.5, 86_400), (1_000, 3_599.9)):
        query = HistoryQuery(start=seconds(start), end=seconds(260_000), interval=interval)
        for now in (seconds(-1), seconds(120_000), seconds(123_456.789), seconds(300_000)):
            history = await database.views.flow_run_history(query, now)
            assert history == history_of(runs, query, now)
            assert sum(state.count_runs for bucket in history for state in bucket.states) > 100


@pytest.mark.anyio
async def test_in_this_very_second_some_are_late_and_some_are_not(database: Database) -> None:
    story = Story()
    runs = tell(story, [Life(-9, due, []) for due in (4.2, 4.3, 4.5, 4.6, 5.5)])
    database.tell(story)
    query = HistoryQuery(start=seconds(0), end=seconds(10), interval=10)
    history = await database.views.flow_run_history(query, seconds(4.5))
    assert history == history_of(runs, query, seconds(4.5))
    assert history[0].states[0].sum_estimated_lateness == 0.5


@pytest.mark.anyio
async def test_a_chart_of_whole_seconds_asks_no_runs(database: Database) -> None:
    story = Story()
    runs = tell(story, [Life(0, 0.5, [(StateType.RUNNING, 2)]), Life(0, 5, [])])
    database.tell(story)
    query = HistoryQuery(start=seconds(-0.25), end=seconds(9.75), interval=5)
    now = seconds(5.75)
    assert divided(query.edges(), micros_of(now))[1] == []
    assert await database.views.flow_run_history(query, now) == history_of(runs, query, now)


@pytest.mark.anyio
async def test_a_run_that_starts_after_now_has_not_run_for_a_negative_time(
    database: Database,
) -> None:
    story = Story()
    lives = [Life(0, due, [(StateType.RUNNING, 30)]) for due in (0.1, 2, 3, 8)]
    runs = tell(story, lives)
    database.tell(story)
    query = HistoryQuery(start=seconds(0), end=seconds(10), interval=2.5)
    for now in (seconds(8), seconds(29.5), seconds(31)):
        assert await database.views.flow_run_history(query, now) == history_of(runs, query, now)
