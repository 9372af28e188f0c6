"""task_runs, task_run_states: what a task run is, where it is, and every state it was in."""

from collections.abc import Callable

from msgspec import json

from events.proposals import CreateTaskRun, ProposeTaskRunState
from events.states import ProposedState, StateType
from projections.views.states import task_run_states
from projections.views.task_runs import task_runs
from tests.support.rows import Database, rows_after
from tests.support.telling import Story, an_id, created, recorded, seconds

NewDatabase = Callable[[], Database]


def test_a_recorded_run_shows_its_newest_state(new_database: NewDatabase, story: Story) -> None:
    run = created(story, 1)
    recorded(story, 2, StateType.PENDING, at=1, flow_run_id=run, run_count=0)
    recorded(story, 2, StateType.COMPLETED, at=5, flow_run_id=run, run_count=1, tags=["t"])
    recorded(story, 2, StateType.RUNNING, at=3, flow_run_id=run, run_count=1)
    (row,) = rows_after(new_database, task_runs, story)
    assert (row["id"], row["flow_run_id"], row["state_name"]) == (an_id(2), run, "Completed")
    assert (row["run_count"], row["tags"]) == (1, '["t"]')
    assert json.decode(row["attributes"])["tags"] == ["t"]
    assert (row["version"], row["position"]) == (3, 4)


def test_a_state_that_came_late_is_listed_too(new_database: NewDatabase, story: Story) -> None:
    recorded(story, 2, StateType.COMPLETED, at=5)
    recorded(story, 2, StateType.RUNNING, at=3)
    recorded(story, 2, StateType.RUNNING, at=3)
    rows = rows_after(new_database, task_run_states, story)
    assert sorted((row["name"], row["timestamp"]) for row in rows) == [
        ("Completed", seconds(5)),
        ("Running", seconds(3)),
    ]


def test_a_run_counts_its_flow_runs_attempts(new_database: NewDatabase, story: Story) -> None:
    recorded(story, 2, StateType.PENDING, at=1)
    recorded(story, 2, StateType.RUNNING, at=2, flow_run_run_count=2)
    recorded(story, 2, StateType.COMPLETED, at=3, name="renamed")
    (row,) = rows_after(new_database, task_runs, story)
    assert (row["flow_run_run_count"], row["name"]) == (2, "renamed")


def test_a_run_of_its_own_is_created_and_moved(new_database: NewDatabase, story: Story) -> None:
    id = an_id(7)
    story.tell(
        CreateTaskRun(id="a", task_run_id=id, task_key="load", dynamic_key="0", name="x"),
        seconds(0),
    )
    state = ProposedState(type=StateType.RUNNING)
    story.tell(ProposeTaskRunState(id="b", task_run_id=id, state=state), seconds(2))
    (row,) = rows_after(new_database, task_runs, story)
    assert (row["state_name"], row["run_count"], row["start_time"]) == ("Running", 1, seconds(2))
