"""What is deleted is in no view, and what has been made again since is."""

from collections.abc import Callable

import pytest

from events.changes import LogLine
from events.proposals import DeleteFlowRun, DeleteTaskRun, WriteLogs
from events.states import StateType
from projections.projection import Projection
from projections.views import PROJECTIONS
from tests.support.rows import Database, Rows, rows_after
from tests.support.telling import Story, an_id, created, moved, recorded, seconds

NewDatabase = Callable[[], Database]
VIEWS = {view.name: view for view in PROJECTIONS}
OF_RUNS = [view for view in PROJECTIONS if view.name not in ("flows", "resources")]

each_view = pytest.mark.parametrize("view", OF_RUNS, ids=lambda view: view.name)


def _lived(story: Story, number: int, task: int, due: float = 60) -> None:
    """A flow run has run with one task run, and both have logged."""
    run = created(story, number, due=due)
    moved(story, run, StateType.RUNNING, at=1)
    recorded(story, task, StateType.PENDING, at=2, flow_run_id=run)
    recorded(story, task, StateType.RUNNING, at=3, flow_run_id=run)
    for line in (task, task + 1):
        of_task = an_id(task) if line == task else None
        said = LogLine(
            id=an_id(line), name="x", level=20, message="y", timestamp=seconds(4),
            flow_run_id=run, task_run_id=of_task,
        )  # fmt: skip
        story.tell(WriteLogs(id=story.next_id(), run_id=run, lines=[said]), seconds(4))


def _deleted(story: Story, number: int, *tasks: int) -> None:
    ids = [an_id(task) for task in tasks]
    deletion = DeleteFlowRun(id=story.next_id(), flow_run_id=an_id(number), task_run_ids=ids)
    story.tell(deletion, seconds(9))


def _without_positions(rows: Rows) -> Rows:
    return [{name: row[name] for name in row if name != "position"} for row in rows]


@each_view
def test_a_deleted_flow_run_leaves_nothing(
    new_database: NewDatabase, story: Story, view: Projection
) -> None:
    _lived(story, 1, 11)
    _deleted(story, 1, 11)
    assert rows_after(new_database, view, story) == []


@each_view
def test_a_deleted_flow_run_leaves_others_as_they_are(
    new_database: NewDatabase, story: Story, view: Projection
) -> None:
    kept = Story()
    for each in (story, kept):
        _lived(each, 3, 31, due=61)
    _lived(story, 1, 11)
    _deleted(story, 1, 11)
    assert rows_after(new_database, view, story) == rows_after(new_database, view, kept)


@each_view
def test_a_flow_run_that_is_made_again_begins_anew(
    new_database: NewDatabase, story: Story, view: Projection
) -> None:
    once = Story()
    _lived(story, 1, 11, due=30)
    _deleted(story, 1, 11)
    for each in (story, once):
        _lived(each, 1, 21)
    found, expected = (rows_after(new_database, view, each) for each in (story, once))
    same = ("id", "state_id", "state", "updated", "version")
    for rows in (found, expected):
        for row in rows:
            for name in same:
                row.pop(name, None)
    assert _without_positions(found) == _without_positions(expected)


def test_a_task_run_is_deleted_alone(new_database: NewDatabase, story: Story) -> None:
    _lived(story, 1, 11)
    deletion = DeleteTaskRun(id="d", task_run_id=an_id(11), flow_run_id=an_id(1))
    story.tell(deletion, seconds(9))
    for name, rows in (("task_runs", 0), ("task_run_states", 0), ("flow_runs", 1), ("logs", 1)):
        assert len(rows_after(new_database, VIEWS[name], story)) == rows, name
