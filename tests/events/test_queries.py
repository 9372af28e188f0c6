"""A query is the JSON of the HTTP API: nulls and missing fields mean the same, strangers do not."""

import pytest
from msgspec import ValidationError, json

from events.queries import LIMIT_MAX, FlowRunFilter, FlowRunQuery, LogQuery
from events.queries.criteria import TextSearch

NULLS = b'{"flows":null,"flow_runs":null,"sort":null,"limit":null,"offset":null,"elsewhere":1}'


@pytest.mark.parametrize("body", [b"{}", NULLS])
def test_nothing_asked_is_the_first_page_of_everything(body: bytes) -> None:
    query = json.decode(body, type=FlowRunQuery)
    assert query == FlowRunQuery()
    assert (query.size, query.skipped) == (LIMIT_MAX, 0)


def test_full_and_sparse_filters_are_the_same() -> None:
    full = b'{"operator":null,"id":null,"state":{"operator":"and_","type":null,"name":null}}'
    assert json.decode(full, type=FlowRunFilter).id is None
    assert json.decode(b"{}", type=FlowRunFilter) == FlowRunFilter()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"limit":201}', "Invalid limit: must be less than or equal to 200."),
        (b'{"limit":-1}', "Expected `int` >= 0 - at `$.limit`"),
        (b'{"offset":-1}', "Expected `int` >= 0 - at `$.offset`"),
        (b'{"sort":"UP"}', "Invalid enum value 'UP' - at `$.sort`"),
        (b'{"flow_runs":{"x":1}}', "Object contains unknown field `x` - at `$.flow_runs`"),
        (
            b'{"flow_runs":{"state":{"type":{"any_":["running"]}}}}',
            "Invalid enum value 'running' - at `$.flow_runs.state.type.any_[0]`",
        ),
    ],
)
def test_a_query_that_cannot_be_meant_names_what_is_wrong(body: bytes, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        json.decode(body, type=FlowRunQuery)
    assert str(refused.value) == said


def test_a_search_has_a_length() -> None:
    with pytest.raises(ValidationError, match="length <= 200"):
        json.decode(b'{"logs":{"text":{"query":"%b"}}}' % (b"x" * 201), type=LogQuery)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("", True),
        ("lost found", True),
        ("found", False),
        ("lost -CONNECTION", False),
        ('+"connection lost" !found', True),
        ("+lost +found", False),
    ],
)
def test_a_search_finds_texts_by_their_words(query: str, is_found: bool) -> None:
    assert TextSearch(query=query).terms().are_in("connection lost") is is_found
