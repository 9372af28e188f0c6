"""logs: one row per line that a run logged, found by run, level, time and words."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import json

from events.changes import LogLine
from events.proposals import WriteLogs
from events.queries import LogQuery
from events.queries.criteria import TextSearch
from events.queries.filters import LogFilter
from projections.views.logs import logs
from tests.support.rows import Database, rows_after
from tests.support.telling import Story, an_id, seconds


def a_line(number: int, message: str, level: int = 20, task: int | None = None) -> LogLine:
    return LogLine(
        id=an_id(number),
        name="prefect.flow_runs",
        level=level,
        message=message,
        timestamp=seconds(number),
        flow_run_id=an_id(1),
        task_run_id=None if task is None else an_id(task),
    )


LINES = [
    a_line(10, "Connection timeout"),
    a_line(11, "connection refused", level=40),
    a_line(12, "Finished 100% in time", task=2),
]


def write(story: Story, *lines: LogLine) -> None:
    story.tell(WriteLogs(id=story.next_id(), run_id=an_id(1), lines=list(lines)), seconds(20))


def test_each_line_is_a_row_and_a_line_twice_is_one(
    new_database: Callable[[], Database], story: Story
) -> None:
    write(story, *LINES)
    write(story, LINES[0], a_line(13, "a \0 byte"))
    rows = rows_after(new_database, logs, story)
    assert [(row["id"], row["position"]) for row in rows] == [
        *((line.id, 1) for line in LINES),
        (an_id(13), 2),
    ]
    assert rows[-1]["message"] == "a \N{REPLACEMENT CHARACTER} byte"


FILTERS: list[tuple[dict[str, Any] | None, list[int]]] = [
    (None, [10, 11, 12]),
    ({}, [10, 11, 12]),
    ({"level": {"ge_": 40}}, [11]),
    ({"level": {"le_": 20, "ge_": None}}, [10, 12]),
    ({"timestamp": {"after_": seconds(11).isoformat()}}, [11, 12]),
    ({"timestamp": {"before_": seconds(11).isoformat()}}, [10, 11]),
    ({"flow_run_id": {"any_": [str(an_id(1))]}}, [10, 11, 12]),
    ({"flow_run_id": {"any_": [str(an_id(2))]}}, []),
    ({"task_run_id": {"any_": [str(an_id(2))]}}, [12]),
    ({"task_run_id": {"is_null_": True}}, [10, 11]),
    ({"operator": "or_", "level": {"ge_": 40}, "task_run_id": {"is_null_": False}}, [11, 12]),
    ({"level": {"ge_": -(2**63), "le_": 2**63 - 1}}, [10, 11, 12]),
    ({"level": {"ge_": 2**31}}, []),
    ({"text": {"query": "timeout REFUSED"}}, [10, 11]),
    ({"text": {"query": "connection -refused"}}, [10]),
    ({"text": {"query": "!connection"}}, [12]),
    ({"text": {"query": '"connection timeout"'}}, [10]),
    ({"text": {"query": "+connection +refused"}}, [11]),
    ({"text": {"query": "100%"}}, [12]),
    ({"text": {"query": "flow_runs"}}, [10, 11, 12]),
    ({"text": {"query": "  "}}, [10, 11, 12]),
]


@pytest.mark.anyio
async def test_lines_that_match(database: Database, story: Story) -> None:
    write(story, *LINES)
    database.tell(story)
    for filter, expected in FILTERS:
        query = json.decode(json.encode({"logs": filter, "sort": None}), type=LogQuery)
        found = await database.views.logs(query)
        assert found == [LINES[number - 10] for number in expected], filter


@pytest.mark.anyio
async def test_a_word_is_found_as_it_is_written(database: Database, story: Story) -> None:
    """Databases fold the case of ASCII only; what else a word has is looked for as it is."""
    write(story, a_line(10, "ÜBERLAUF in Zeile 3"), a_line(11, "überlauf in Zeile 4"))
    database.tell(story)
    for asked, expected in {
        "ÜBERLAUF": [10],
        "Überlauf ZEILE": [10, 11],
        "-ÜberLauf": [11],
    }.items():
        query = LogQuery(filter=LogFilter(text=TextSearch(query=asked)))
        assert [line.id for line in await database.views.logs(query)] == [*map(an_id, expected)]


@pytest.mark.anyio
async def test_the_latest_lines_come_first_when_asked(database: Database, story: Story) -> None:
    write(story, *LINES)
    database.tell(story)
    query = json.decode(b'{"sort":"TIMESTAMP_DESC","limit":2,"offset":1}', type=LogQuery)
    assert await database.views.logs(query) == [LINES[1], LINES[0]]
