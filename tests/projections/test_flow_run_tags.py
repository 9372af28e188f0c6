"""flow_run_tags: every tag of a flow run, and when the run starts."""

from collections.abc import Callable

from events.changes import FlowRunAmended
from events.proposals import DeleteFlowRun
from events.states import StateType
from projections.columns import INDEXED_MAX
from projections.views.flow_run_tags import flow_run_tags
from tests.support.long_texts import long_text
from tests.support.rows import Database, Rows, rows_after
from tests.support.telling import Story, created, moved, seconds

NewDatabase = Callable[[], Database]


def told(rows: Rows) -> list[tuple[object, ...]]:
    """Of each row its place, its tag, and when the run is expected and starts."""
    return [(row["place"], row["tag"], row["expected_start_time"], row["started"]) for row in rows]


def test_each_tag_knows_when_its_run_starts(new_database: NewDatabase, story: Story) -> None:
    run = created(story, 1, due=60, tags=["b", "a", "b"])
    due = [
        (0, None, seconds(60), seconds(60)),
        (1, "b", seconds(60), seconds(60)),
        (2, "a", seconds(60), seconds(60)),
    ]
    assert told(rows_after(new_database, flow_run_tags, story)) == due
    moved(story, run, StateType.RUNNING, at=65)
    moved(story, run, StateType.COMPLETED, at=70)
    started = [(place, tag, expected, seconds(65)) for place, tag, expected, _ in due]
    assert told(rows_after(new_database, flow_run_tags, story)) == started


def test_a_tag_that_comes_later_knows_it_too(new_database: NewDatabase, story: Story) -> None:
    run = created(story, 1, tags=["old", "kept"])
    moved(story, run, StateType.RUNNING, at=5)
    story.change(f"flow_run:{run}", FlowRunAmended(tags=["kept", "new"]), version=3)
    story.change(f"flow_run:{run}", FlowRunAmended(name="renamed"), version=4)
    rows = rows_after(new_database, flow_run_tags, story)
    expected = [
        (place, tag, seconds(0), seconds(5)) for place, tag in enumerate((None, "kept", "new"))
    ]
    assert told(rows) == expected


def test_a_run_that_is_gone_has_no_tags(new_database: NewDatabase, story: Story) -> None:
    gone, left = created(story, 1, tags=["a"]), created(story, 2, tags=["a"])
    story.tell(DeleteFlowRun(id=story.next_id(), flow_run_id=gone))
    rows = rows_after(new_database, flow_run_tags, story)
    assert {row["id"] for row in rows} == {left}


def test_a_long_tag_is_told_from_others_that_begin_alike(
    new_database: NewDatabase, story: Story
) -> None:
    short, longer = "x" * INDEXED_MAX, "x" * (INDEXED_MAX + 1)
    tags = [short, longer, longer + "a", longer + "b", long_text(1), "a\0b"]
    created(story, 1, tags=tags)
    rows = rows_after(new_database, flow_run_tags, story)
    found = [str(row["tag"]) for row in rows][1:]
    assert len(set(found)) == len(tags)
    assert found[0] == short
    assert found[-1] == "a\N{REPLACEMENT CHARACTER}b"
    assert {len(tag) for tag in found[1:-1]} == {INDEXED_MAX + 1}
