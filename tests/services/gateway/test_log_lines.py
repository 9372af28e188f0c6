"""Which lines a follower wants: the same as a reader who asks for them with the same filter."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import convert

from events.changes import LogLine
from events.queries import LogFilter
from services.gateway.event_stream.log_lines import wants

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN, TASK, STRANGER = (UUID(int=number) for number in (1, 2, 3))
LINE = LogLine(
    id=UUID(int=9),
    name="prefect.flow_runs",
    level=30,
    message="Connection lost 100%",
    timestamp=AT,
    flow_run_id=RUN,
)
EARLIER, LATER = ((AT + timedelta(seconds=by)).isoformat() for by in (-1, 1))

ASKED: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"operator": "or_"}, True),
    ({"level": {"ge_": 30, "le_": 30}}, True),
    ({"level": {"ge_": 31}}, False),
    ({"level": {"le_": 29}}, False),
    ({"operator": "or_", "level": {"ge_": 31, "le_": 30}}, True),
    ({"operator": "or_", "level": {"ge_": 31, "le_": 29}}, False),
    ({"timestamp": {"after_": AT.isoformat(), "before_": AT.isoformat()}}, True),
    ({"timestamp": {"after_": "2026-11-20T12:00:00"}}, True),
    ({"timestamp": {"after_": LATER}}, False),
    ({"timestamp": {"before_": EARLIER}}, False),
    ({"flow_run_id": {"any_": [str(RUN), str(STRANGER)]}}, True),
    ({"flow_run_id": {"any_": [str(STRANGER)]}}, False),
    ({"flow_run_id": {"any_": []}}, False),
    ({"task_run_id": {"any_": [str(TASK)]}}, False),
    ({"task_run_id": {"is_null_": True}}, True),
    ({"task_run_id": {"is_null_": False}}, False),
    ({"text": {"query": "lost found"}}, True),
    ({"text": {"query": "found"}}, False),
    ({"text": {"query": "lost -CONNECTION"}}, False),
    ({"text": {"query": '+"lost 100%" !found'}}, True),
    ({"text": {"query": "+lost +found"}}, False),
    ({"text": {"query": "flow_runs"}}, True),
]


@pytest.mark.parametrize(("asked", "wanted"), ASKED)
def test_a_line_is_wanted_when_all_that_is_demanded_is_so(
    asked: dict[str, Any], wanted: bool
) -> None:
    assert wants(convert(asked, LogFilter), LINE) is wanted


def test_a_line_without_a_run_is_nobodys() -> None:
    line = LogLine(id=UUID(int=9), name="n", level=0, message="m", timestamp=AT)
    assert not wants(convert({"flow_run_id": {"any_": [str(RUN)]}}, LogFilter), line)
    assert wants(LogFilter(), line)
