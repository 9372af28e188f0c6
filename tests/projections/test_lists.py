"""A page of flow runs, found by lists, is the one that a search finds, and costs what is on it."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest
from msgspec import json
from sqlalchemy import Engine, event, select

from events.changes import FlowRunAmended, FlowRunCreated
from events.entities import FlowRunAttributes
from events.proposals import DeleteFlowRun
from events.queries import FlowRunQuery, FlowRunSort
from events.states import StateType
from projections.reads import Views
from projections.reads.filters import flow_runs, flow_runs_matching
from projections.reads.lists import LISTS_MAX, SORTED_BY
from projections.reads.lists.ways import KINDS_MAX
from projections.reads.sorts import flow_run_order
from projections.store import open_engine
from tests.support.long_texts import long_text
from tests.support.rows import Database
from tests.support.telling import Story, an_id, created, moved, seconds

pytestmark = pytest.mark.anyio

RUNS = 60
LONG = long_text(0)
"""A text that no index of PostgreSQL would hold."""

FLOWS = [UUID(int=n) for n in (101, 102)]
DEPLOYMENTS = [UUID(int=n) for n in (201, 202, 203)]
TAGS = ["all", "some", "few", LONG + "a", LONG + "b", "a\0b"]
STATES: list[tuple[StateType, str | None]] = [
    (StateType.COMPLETED, None),
    (StateType.COMPLETED, "Cached"),
    (StateType.FAILED, None),
    (StateType.FAILED, LONG + "1"),
    (StateType.FAILED, LONG + "2"),
    (StateType.RUNNING, None),
    (StateType.PAUSED, "a\0b"),
]

FILTERS: list[dict[str, Any]] = [
    {},
    {"flow_runs": {"tags": {"all_": ["all"]}}},
    {"flow_runs": {"tags": {"all_": ["all", "few"]}}},
    {"flow_runs": {"tags": {"any_": ["some", "few", "some"]}}},
    {"flow_runs": {"tags": {"any_": ["some"], "all_": ["all"], "is_null_": False}}},
    {"flow_runs": {"tags": {"operator": "or_", "any_": ["few"], "is_null_": True}}},
    {"flow_runs": {"tags": {"any_": [LONG + "a"]}}},
    {"flow_runs": {"tags": {"any_": [], "all_": []}}},
    {"flow_runs": {"tags": {"all_": []}}},
    {"flow_runs": {"tags": {"is_null_": True}}},
    {"flow_runs": {"tags": {"any_": ["a\0b"]}}},
    {"flow_runs": {"tags": {"all_": ["all", "a\0b"]}, "state": {"name": {"any_": ["a\0b"]}}}},
    {
        "flow_runs": {
            "tags": {"any_": ["all", "some"]},
            "expected_start_time": {"after_": seconds(5).isoformat()},
            "start_time": {"before_": seconds(87).isoformat(), "is_null_": False},
        }
    },
    {"flow_runs": {"tags": {"all_": ["none such"]}}},
    {"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}},
    {"flow_runs": {"state": {"type": {"any_": ["FAILED", "COMPLETED"]}}}},
    {"flow_runs": {"state": {"type": {"not_any_": ["FAILED"]}}}},
    {"flow_runs": {"state": {"type": {"any_": ["CRASHED"]}}}},
    {"flow_runs": {"state": {"type": {"not_any_": []}}}},
    {"flow_runs": {"state": {"operator": "or_", "type": {"any_": []}, "name": {"not_any_": []}}}},
    {"flow_runs": {"state": {"name": {"any_": ["Cached", LONG + "1"]}}}},
    {"flow_runs": {"state": {"name": {"not_any_": ["Cached", LONG + "1"]}}}},
    {
        "flow_runs": {
            "state": {
                "operator": "or_",
                "type": {"any_": ["RUNNING"]},
                "name": {"any_": ["Cached"]},
            }
        }
    },
    {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}, "name": {"any_": ["Completed"]}}}},
    {"flow_runs": {"state": {"type": {}, "name": None}}},
    {"flow_runs": {"deployment_id": {"any_": [str(id) for id in DEPLOYMENTS[:2]]}}},
    {"flow_runs": {"deployment_id": {"any_": [str(DEPLOYMENTS[0])], "is_null_": False}}},
    {
        "flow_runs": {
            "deployment_id": {"operator": "or_", "any_": [str(DEPLOYMENTS[0])], "is_null_": True}
        }
    },
    {"flow_runs": {"deployment_id": {"is_null_": True}}},
    {"deployments": {"id": {"any_": [str(DEPLOYMENTS[2])]}}},
    {"deployments": {"id": {"not_any_": [str(DEPLOYMENTS[2])]}}},
    {"flows": {"id": {"any_": [str(FLOWS[0])]}}},
    {"flow_runs": {"operator": "or_", "tags": {"any_": ["few"]}, "name": {"any_": ["run-1"]}}},
    {"flow_runs": {"tags": {"any_": ["all"]}, "id": {"any_": [str(an_id(3)), str(an_id(4))]}}},
    {
        "flow_runs": {
            "tags": {"any_": ["some"]},
            "state": {"type": {"any_": ["COMPLETED", "RUNNING"]}},
            "expected_start_time": {"after_": seconds(10).isoformat()},
        },
        "deployments": {"id": {"any_": [str(id) for id in DEPLOYMENTS]}},
    },
    {"flow_runs": {"start_time": {"before_": seconds(40).isoformat()}}},
]


def mixed(number: int, turn: int) -> int:
    """A number that goes with *number* by no rule that a list could follow."""
    return crc32(f"{number}/{turn}".encode())


@pytest.fixture
def many(database: Database, story: Story) -> Database:
    """Runs of all sorts: with and without tags, deployments and states, some amended or gone."""
    for number in range(RUNS):
        tags = [tag for place, tag in enumerate(TAGS) if mixed(number, place) % (place + 1) == 0]
        run = created(
            story,
            number,
            at=mixed(number, 6) % 50,
            due=[None, 60, 70][mixed(number, 7) % 3],
            tags=tags if number % 5 else [],
            flow_id=FLOWS[mixed(number, 8) % 2],
            deployment_id=[None, *DEPLOYMENTS][mixed(number, 9) % 4],
        )
        for turn in range(mixed(number, 10) % 3):
            type, name = STATES[mixed(number, 11 + turn) % len(STATES)]
            moved(story, run, type, at=80 + turn + mixed(number, 20 + turn) % 9, name=name)
        if number % 7 == 0:
            story.change(f"flow_run:{run}", FlowRunAmended(tags=["few", *tags]), version=9)
        if number % 13 == 0:
            story.tell(DeleteFlowRun(id=story.next_id(), flow_run_id=run))
    attributes = FlowRunAttributes(
        id=an_id(RUNS), flow_id=FLOWS[0], name="in no state", created=seconds(0)
    )
    story.change(f"flow_run:{an_id(RUNS)}", FlowRunCreated(attributes=attributes))
    return database.tell(story)


def searched(engine: Engine, query: FlowRunQuery) -> list[UUID]:
    """What a search of all runs finds."""
    c = flow_runs.c
    found = (
        select(c.id).where(*flow_runs_matching(c, query)).order_by(*flow_run_order(c, query.sort))
    )
    with engine.connect() as connection:
        return [row.id for row in connection.execute(found)]


def queries() -> Iterator[FlowRunQuery]:
    for filters in FILTERS:
        for sort in (None, *FlowRunSort):
            asked = filters | {"sort": sort, "limit": 200, "offset": 0}
            yield json.decode(json.encode(asked), type=FlowRunQuery)


async def test_lists_find_what_a_search_finds(many: Database) -> None:
    seen = 0
    for query in queries():
        expected = searched(many.engine, query)
        found = [run.attributes.id for run in await many.views.flow_runs(query)]
        assert found == expected, query
        assert await many.views.count_flow_runs(query) == len(expected), query
        seen += len(found)
    assert seen > RUNS * 10


@pytest.mark.parametrize("sort", [FlowRunSort.START_TIME_ASC, FlowRunSort.ID_DESC])
async def test_pages_of_lists_follow_each_other(many: Database, sort: FlowRunSort) -> None:
    for filters in FILTERS:
        asked = filters | {"sort": sort}
        whole = json.decode(json.encode(asked), type=FlowRunQuery)
        pages: list[UUID] = []
        for offset in range(0, RUNS + 7, 7):
            query = json.decode(
                json.encode(asked | {"limit": 7, "offset": offset}), type=FlowRunQuery
            )
            pages += [run.attributes.id for run in await many.views.flow_runs(query)]
        assert pages == searched(many.engine, whole), filters


async def test_more_values_than_there_are_lists_for_are_searched_for(
    database: Database, story: Story
) -> None:
    for number in range(KINDS_MAX + 1):
        run = created(story, number, tags=[f"tag-{number}"])
        moved(story, run, StateType.COMPLETED, at=5, name=f"Done {number}")
    database.tell(story)
    tags = [f"tag-{number}" for number in range(LISTS_MAX + 1)]
    for filters in (
        {"tags": {"any_": tags}},
        {"state": {"name": {"not_any_": ["Done 3"]}}},
        {"state": {"name": {"any_": ["Done 3"]}}},
    ):
        query = json.decode(json.encode({"flow_runs": filters}), type=FlowRunQuery)
        found = [run.attributes.id for run in await database.views.flow_runs(query)]
        assert found == searched(database.engine, query)[:200], filters
        assert found


HOUR = {"after_": seconds(100).isoformat(), "before_": seconds(140).isoformat()}
PAGES: list[dict[str, Any]] = [
    {"flow_runs": {"tags": {"any_": ["all"]}, "expected_start_time": HOUR}},
    {"flow_runs": {"tags": {"any_": ["all"]}, "start_time": HOUR}},
    {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}, "expected_start_time": HOUR}},
    {"flow_runs": {"tags": {"any_": ["all", "half"]}}},
    {"flow_runs": {"tags": {"all_": ["half"]}}},
    {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "COMPLETED"]}}}},
    {"flow_runs": {"state": {"name": {"not_any_": ["Pending"]}}}},
    {"flow_runs": {"deployment_id": {"any_": [str(id) for id in DEPLOYMENTS[:2]]}}},
    {"deployments": {"id": {"any_": [str(DEPLOYMENTS[0])]}}},
    {"flow_runs": {}},
]


def a_fleet(database: Database, size: int) -> Database:
    """So many runs, alike in what a list may hold."""
    story = Story()
    for number in range(size):
        run = created(
            story,
            number,
            at=number,
            tags=["all", "half"] if number % 2 else ["all"],
            deployment_id=DEPLOYMENTS[number % 3],
        )
        type = (StateType.RUNNING, StateType.COMPLETED)[number % 2]
        moved(story, run, type, at=number + 1)
    return database.tell(story)


Ask = Callable[[Views], Awaitable[object]]


def asks(query: FlowRunQuery, counts: bool) -> list[Ask]:
    """A page and, if what it is of does not grow, how many runs there are."""

    def page(views: Views) -> Awaitable[object]:
        return views.flow_runs(query)

    def count(views: Views) -> Awaitable[object]:
        return views.count_flow_runs(query)

    return [page, count] if counts else [page]


async def steps(database: Database, ask: Ask) -> int:
    """How many steps of its virtual machine SQLite takes for an answer, in hundreds."""
    taken = 0

    def step() -> None:
        nonlocal taken
        taken += 1

    def watched(connection: Any, _: object) -> None:
        connection.set_progress_handler(step, 100)

    engine = database.engine
    engine.dispose()
    event.listen(engine, "connect", watched)
    assert await ask(database.views)
    event.remove(engine, "connect", watched)
    engine.dispose()
    return taken


@pytest.mark.parametrize("filters", PAGES, ids=lambda filters: json.encode(filters).decode())
async def test_a_page_costs_what_is_on_it(tmp_path: Path, filters: dict[str, Any]) -> None:
    """Four times the runs do not take more work, in any of the orders that lists are in."""
    small, large = (
        a_fleet(Database(open_engine(f"sqlite:///{tmp_path / str(size)}.db")), size)
        for size in (200, 800)
    )
    for sort in SORTED_BY:
        asked = filters | {"sort": sort, "limit": 20}
        query = json.decode(json.encode(asked), type=FlowRunQuery)
        for ask in asks(query, counts=HOUR in filters.get("flow_runs", {}).values()):
            few, many = await steps(small, ask), await steps(large, ask)
            assert 0 < many <= few * 1.2, sort
