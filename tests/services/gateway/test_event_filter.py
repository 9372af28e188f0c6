"""A filter wants an event when all of its parts do."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from events.told.event import Event
from events.told.filters import EventFilter

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ID = "00000000-0000-4000-8000-000000000001"
EVENT = Event(
    occurred=NOON,
    event="prefect.flow-run.Running",
    resource={"prefect.resource.id": "prefect.flow-run.1", "state": "RUNNING"},
    related=[
        {"prefect.resource.id": "prefect.flow.2", "prefect.resource.role": "flow", "team": "a-b"}
    ],
    payload={"said": "Hello world"},
    id=UUID(ID),
)

WANTED: list[dict[str, Any]] = [
    {},
    {"event": None, "resource": None, "related": None, "any_resource": None, "text": None},
    {"event": {"prefix": ["prefect.flow-run."]}},
    {"event": {"name": ["x", "prefect.flow-run.Running"]}},
    {"event": {"exclude_name": ["x"], "exclude_prefix": ["prefect.task"]}},
    {"resource": {"id": ["prefect.flow-run.1"]}},
    {"resource": {"id_prefix": ["prefect.flow-run."]}},
    {"resource": {"labels": {"state": "RUNNING"}}},
    {"resource": {"labels": {"state": ["PENDING", "RUN*"]}}},
    {"resource": {"labels": {"state": "!PENDING"}}},
    {"related": {"id": ["prefect.flow.2"], "role": ["flow"]}},
    {"related": [{"role": ["flow"]}, {"labels": {"team": "a*"}}]},
    {"related": {"resources_in_roles": [["prefect.flow.2", "flow"]]}},
    {"any_resource": {"id": ["prefect.flow.2"]}},
    {"any_resource": {"id_prefix": ["prefect.flow-run."]}},
    {"occurred": {"since": "2026-11-20T12:00:00Z", "until": "2026-11-20T12:00:00Z"}},
    {"id": {"id": []}},
    {"id": {"id": [ID]}},
    {"text": {"query": "hello"}},
    {"text": {"query": "HELLO -goodbye"}},
]

UNWANTED: list[dict[str, Any]] = [
    {"event": {"prefix": ["prefect.task-run."]}},
    {"event": {"name": ["prefect.flow-run.Runnin"]}},
    {"event": {"exclude_name": ["prefect.flow-run.Running"]}},
    {"event": {"exclude_prefix": ["prefect."]}},
    {"resource": {"id": ["prefect.flow.2"]}},
    {"resource": {"labels": {"state": "PENDING"}}},
    {"resource": {"labels": {"state": "!RUN*"}}},
    {"resource": {"labels": {"absent": "x"}}},
    {"related": {"id": ["prefect.flow-run.1"]}},
    {"related": [{"role": ["flow"]}, {"role": ["deployment"]}]},
    {"related": {"resources_in_roles": [["prefect.flow.2", "tag"]]}},
    {"any_resource": {"id": ["prefect.flow.3"]}},
    {"occurred": {"since": "2026-11-20T12:00:01Z"}},
    {"occurred": {"until": "2026-11-20T11:59:59Z"}},
    {"id": {"id": ["00000000-0000-4000-8000-000000000002"]}},
    {"text": {"query": "hello -world"}},
    {"text": {"query": "goodbye"}},
    {"event": {"prefix": ["prefect.flow-run."]}, "resource": {"id": ["x"]}},
]


@pytest.mark.parametrize("filter", WANTED)
def test_an_event_that_fits_is_wanted(filter: dict[str, Any]) -> None:
    assert msgspec.convert(filter, EventFilter).allows(EVENT)


@pytest.mark.parametrize("filter", UNWANTED)
def test_an_event_that_does_not_fit_is_not(filter: dict[str, Any]) -> None:
    assert not msgspec.convert(filter, EventFilter).allows(EVENT)
