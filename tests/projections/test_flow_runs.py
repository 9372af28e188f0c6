"""flow_runs, flow_run_states: what a flow run is, where it is, and every state it was in."""

from collections.abc import Callable

from msgspec import json

from events.changes import FlowRunAmended, InputsDeleted, PolicyAmended
from events.policies import FlowRunPolicy, PolicyAmendment
from events.proposals import ProposeFlowRunState, RegisterFlow
from events.states import ProposedState, StateType
from projections.views.flow_runs import flow_runs
from projections.views.flows import flows
from projections.views.history import flow_run_history
from projections.views.states import flow_run_states
from tests.support.rows import Database, rows_after
from tests.support.telling import Story, created, moved, seconds

NewDatabase = Callable[[], Database]


def test_a_run_shows_the_last_state_it_entered(new_database: NewDatabase, story: Story) -> None:
    run = created(story, 1)
    moved(story, run, StateType.RUNNING, at=5)
    moved(story, run, StateType.COMPLETED, at=9)
    (row,) = rows_after(new_database, flow_runs, story)
    assert row["state_name"] == "Completed"
    assert row["total_run_time"] == 4.0
    assert row["running_since"] is None
    assert (row["version"], row["position"], row["updated"]) == (3, 3, seconds(9))


def test_a_refusal_moves_nothing_and_is_counted(new_database: NewDatabase, story: Story) -> None:
    run = created(story, 1)
    state = ProposedState(type=StateType.PENDING)
    story.tell(ProposeFlowRunState(id="again", flow_run_id=run, state=state), seconds(5))
    assert story.recorded[-1].decision.changes == ()
    (row,) = rows_after(new_database, flow_runs, story)
    assert (row["state_name"], row["state_timestamp"]) == ("Pending", seconds(0))
    assert (row["version"], row["position"], row["updated"]) == (2, 2, seconds(5))


def test_what_is_amended_changes_and_the_rest_stays(
    new_database: NewDatabase, story: Story
) -> None:
    run = created(story, 1, name="before", tags=["old"], parameters={"x": 1})
    subject = f"flow_run:{run}"
    kept = FlowRunPolicy(retries=2, pause_keys=frozenset({"b", "a"}), resuming=True)
    story.change(subject, FlowRunAmended(name="after", policy=kept), version=2)
    amended = PolicyAmendment(resuming=False, retry_type="in_process")
    story.change(subject, PolicyAmended(policy=amended), version=3)
    story.change(subject, FlowRunAmended(flow_version=None, tags=["a\0b"]), version=4)
    (row,) = rows_after(new_database, flow_runs, story)
    assert (row["name"], row["parameters"], row["flow_version"]) == ("after", '{"x":1}', None)
    assert json.decode(row["tags"]) == ["a\N{REPLACEMENT CHARACTER}b"]
    assert (row["pause_keys"], row["resuming"]) == ('["a","b"]', False)
    assert (row["retry_type"], json.decode(row["policy"])["retries"]) == ("in_process", 2)
    assert row["version"] == 4


def test_a_policy_without_pause_keys_stays_without(new_database: NewDatabase, story: Story) -> None:
    run = created(story, 1)
    change = FlowRunAmended(policy=FlowRunPolicy(pause_keys=None, resuming=None))
    story.change(f"flow_run:{run}", change, InputsDeleted(keys=["k"]), version=2)
    (row,) = rows_after(new_database, flow_runs, story)
    assert (row["pause_keys"], row["resuming"]) == (None, None)


def test_every_state_of_a_run_is_a_row(new_database: NewDatabase, story: Story) -> None:
    run = created(story, 1)
    moved(story, run, StateType.RUNNING, at=5)
    story.change(f"flow_run:{run}", InputsDeleted(keys=["k"]), version=3)
    rows = rows_after(new_database, flow_run_states, story)
    assert sorted((row["run_id"], row["name"], row["position"]) for row in rows) == [
        (run, "Pending", 1),
        (run, "Running", 2),
    ]


def test_a_flow_is_a_row_and_is_registered_once(new_database: NewDatabase, story: Story) -> None:
    story.tell(RegisterFlow(id="a", name="ingest", tags=["t"]), seconds(0))
    story.tell(RegisterFlow(id="b", name="ingest"), seconds(1))
    created(story, 1)
    (row,) = rows_after(new_database, flows, story)
    assert (row["name"], row["tags"], row["created"]) == ("ingest", '["t"]', seconds(0))
    assert row["position"] == row["version"] == 2


def test_cells_hold_no_state_that_no_run_is_in(new_database: NewDatabase, story: Story) -> None:
    runs = [created(story, number, at=0, due=number * 20) for number in range(3)]
    for number, run in enumerate(runs):
        moved(story, run, StateType.RUNNING, at=50 + number)
        moved(story, run, StateType.COMPLETED, at=60)
    story.change(f"flow_run:{runs[0]}", InputsDeleted(keys=["k"]), version=9)
    rows = rows_after(new_database, flow_run_history, story)
    assert {row["state_name"] for row in rows} == {"Completed"}
    (day,) = [row for row in rows if row["level"] == 86_400]
    assert day["runs"] == 3
    assert day["run_time"] == (10 + 9 + 8) * 1_000_000
    assert day["lateness"] == (50 + 31 + 12) * 1_000_000
    assert (day["waiting"], day["waiting_since"], day["running_since"]) == (0, 0, 0)
