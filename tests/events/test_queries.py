"""Queries are the JSON of the HTTP API: what may be asked, and how much of it at once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, ValidationError, json

from events.instants import instant_of, micros_of
from events.queries import (
    BUCKETS_MAX,
    LIMIT_MAX,
    FlowFilter,
    FlowQuery,
    FlowRunFilter,
    FlowRunQuery,
    HistoryBucket,
    HistoryQuery,
    HistoryState,
    LogFilter,
    LogQuery,
    RunFilters,
    TaskRunFilter,
    TaskRunQuery,
)
from events.queries.criteria import IdIs, utc
from events.queries.sorts import FlowRunSort
from events.states import StateType
from events.wire.codec import encode
from tests.support.strategies import messages

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUERIES: list[type[Struct]] = [FlowQuery, FlowRunQuery, TaskRunQuery, LogQuery, RunFilters]
FILTERS: list[type[Struct]] = [FlowFilter, FlowRunFilter, TaskRunFilter, LogFilter, RunFilters]


def history(**given_: Any) -> HistoryQuery:
    asked = {
        "history_start": "2026-11-20T12:00:00Z",
        "history_end": "2026-11-20T13:00:00Z",
        "history_interval_seconds": 600,
    }
    return json.decode(json.encode(asked | given_), type=HistoryQuery)


@pytest.mark.parametrize("filter", FILTERS)
@given(drawn=st.data())
def test_any_filter_comes_back_from_the_wire_as_it_was(
    filter: type[Struct], drawn: st.DataObject
) -> None:
    asked: Any = drawn.draw(messages(filter))

    assert json.decode(encode(asked), type=filter) == asked


@pytest.mark.parametrize("query", QUERIES)
def test_null_is_the_same_as_not_given(query: type[Struct]) -> None:
    fields: dict[str, None] = dict.fromkeys(["flows", "flow_runs", "limit", "sort"])

    assert json.decode(json.encode(fields), type=query) == query()


def test_a_filter_is_read_as_clients_write_it() -> None:
    body = (
        b'{"flow_runs":{"operator":"or_","id":{"any_":["00000000-0000-0000-0000-000000000001"]}},'
        b'"flows":{"name":{"like_":"etl"}},"sort":"START_TIME_DESC","limit":5,"offset":2}'
    )
    asked = json.decode(body, type=FlowRunQuery)

    assert asked.flow_runs == FlowRunFilter(operator="or_", id=IdIs(any_=[UUID(int=1)]))
    assert isinstance(asked.flows, FlowFilter)
    assert asked.sort is FlowRunSort.START_TIME_DESC
    assert (asked.size, asked.skipped) == (5, 2)


def test_a_page_has_two_hundred_entries_unless_fewer_are_asked_for() -> None:
    assert (FlowRunQuery().size, FlowRunQuery().skipped) == (LIMIT_MAX, 0)
    assert FlowRunQuery(limit=0).size == 0
    assert FlowRunQuery(limit=200).size == 200
    with pytest.raises(ValueError, match=r"^Invalid limit: must be less than or equal to 200\.$"):
        FlowRunQuery(limit=201)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"limit":-1}', r"Expected `int` >= 0 - at `\$.limit`"),
        (b'{"limit":201}', "Invalid limit: must be less than or equal to 200"),
        (b'{"sort":"BY_TASTE"}', r"Invalid enum value 'BY_TASTE' - at `\$.sort`"),
        (
            b'{"flow_runs":{"id":{"any":[]}}}',
            r"Object contains unknown field `any` - at `\$.flow_runs.id`",
        ),
        (b'{"flow_runs":{"state":{"type":{"any_":["FLYING"]}}}}', "Invalid enum value 'FLYING'"),
    ],
)
def test_what_is_wrong_with_a_query_is_said_with_the_field(body: bytes, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        json.decode(body, type=FlowRunQuery)


def test_a_time_without_zone_is_utc() -> None:
    assert utc(NOON.replace(tzinfo=None)) == NOON
    assert utc(NOON) is NOON


def test_history_is_cut_into_intervals_from_its_start() -> None:
    edges = history().edges()

    assert [instant_of(edge) for edge in edges] == [
        NOON + timedelta(minutes=10 * number) for number in range(7)
    ]


def test_the_last_bucket_covers_the_end() -> None:
    edges = history(history_interval_seconds=2_400).edges()

    assert edges[-1] - micros_of(NOON) == 2 * 2_400_000_000


@pytest.mark.parametrize("end", ["2026-11-20T12:00:00Z", "2026-11-20T11:00:00Z"])
def test_a_history_that_ends_before_it_begins_has_no_bucket(end: str) -> None:
    assert history(history_end=end).edges() == []


def test_a_long_history_loses_its_latest_buckets() -> None:
    edges = history(history_interval_seconds=1).edges()

    assert len(edges) == BUCKETS_MAX + 1
    assert edges[0] == micros_of(NOON)


@pytest.mark.parametrize("seconds", [0, 0.999, -5])
def test_an_interval_is_a_second_at_least(seconds: float) -> None:
    with pytest.raises(ValidationError, match=r"History interval must not be less than 1 second\."):
        history(history_interval_seconds=seconds)


def test_a_bucket_lies_between_two_instants() -> None:
    state = HistoryState(
        state_type=StateType.RUNNING,
        state_name="Running",
        count_runs=1,
        sum_estimated_run_time=2.5,
        sum_estimated_lateness=0.0,
    )
    bucket = HistoryBucket.between(micros_of(NOON), micros_of(NOON) + 1_000_000, [state])

    assert bucket == HistoryBucket(
        interval_start=NOON, interval_end=NOON + timedelta(seconds=1), states=[state]
    )
