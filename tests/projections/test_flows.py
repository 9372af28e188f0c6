"""A flow's row has the tags that it has now, and goes when the flow goes."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from events.proposals import AmendFlow, DeleteFlow, RegisterFlow
from projections.views import PROJECTIONS
from tests.support.examples import NOON
from tests.support.rows import Database, rows_after
from tests.support.telling import Story

NewDatabase = Callable[[], Database]
(VIEW,) = (view for view in PROJECTIONS if view.name == "flows")


def registered(story: Story, name: str) -> UUID:
    flow = story.tell(RegisterFlow(id=story.next_id(), name=name))
    return flow.decision.subject_id


def test_rows_do_not_depend_on_the_delivery(new_database: NewDatabase, story: Story) -> None:
    first, second = registered(story, "first"), registered(story, "second")
    later = NOON + timedelta(minutes=1)
    story.tell(AmendFlow(id=story.next_id(), flow_id=first, tags=["b\0", "a"]), later)
    story.tell(DeleteFlow(id=story.next_id(), flow_id=second), later)
    registered(story, "second")

    rows = {row["name"]: row for row in rows_after(new_database, VIEW, story)}
    assert rows.keys() == {"first", "second"}
    assert rows["first"]["tags"] == '["b\ufffd","a"]'
    assert (rows["first"]["updated"], rows["first"]["version"]) == (later, 2)
    assert rows["second"]["id"] != second
