"""flow_runs: one row per flow run, what it is and where it is now."""

from collections.abc import Callable

from events.states import StateType
from projections.views.flow_runs import flow_runs
from tests.support.rows import Database, rows_after
from tests.support.telling import Story, created, moved


def test_a_run_shows_the_last_state_it_entered(
    new_database: Callable[[], Database], story: Story
) -> None:
    run = created(story, 1)
    moved(story, run, StateType.RUNNING, at=5)
    moved(story, run, StateType.COMPLETED, at=9)
    (row,) = rows_after(new_database, flow_runs, story)
    assert row["state_name"] == "Completed"
    assert row["total_run_time"] == 4.0
    assert row["running_since"] is None
