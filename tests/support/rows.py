"""Rows: what a view holds after a history, however the history is delivered."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, delete, select

from events.decisions import Recorded
from projections.projection import Projection
from projections.reads import Views
from projections.store import Store, checkpoints
from projections.views import PROJECTIONS
from projections.worker import apply
from tests.support.telling import Story

Rows = list[dict[str, Any]]


class Database:
    """A database of views, opened for a test."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.store = Store(engine)
        self.views = Views(engine)
        self._is_prepared = False

    def prepare(self, projections: Sequence[Projection] = PROJECTIONS) -> "Database":
        self.store.prepare(projections)
        self._is_prepared = True
        return self

    def fold(
        self, batch: Sequence[Recorded], projections: Sequence[Projection] = PROJECTIONS
    ) -> None:
        """Fold consecutive decisions of one partition."""
        apply(self.store, [(each, each.name) for each in projections], {batch[0].partition: batch})

    def tell(self, story: Story) -> "Database":
        """Fold all of *story* into all views."""
        if not self._is_prepared:
            self.prepare()
        for batch in story.batches().values():
            self.fold(batch)
        return self

    def clear(self, projections: Sequence[Projection] = PROJECTIONS) -> None:
        """Forget everything that was folded."""
        with self.store.writing() as connection:
            for each in projections:
                connection.execute(delete(each.table(each.name)))
            connection.execute(delete(checkpoints))

    def rows(self, projection: Projection) -> Rows:
        """All rows of a view, in the order of their keys; structures as they are stored."""
        table = projection.table(projection.name)
        query = select(table).order_by(*table.primary_key.columns)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def rows_after(new: Callable[[], Database], projection: Projection, story: Story) -> Rows:
    """The rows of *projection* after *story*, which must not depend on how it is delivered.

    In one batch, one by one, each decision twice, and the whole replayed onto itself.
    """
    told = story.batches()
    deliveries = {
        "in one batch": list(told.values()),
        "one by one": [[recorded] for batch in told.values() for recorded in batch],
        "each twice": [[recorded] for batch in told.values() for recorded in batch for _ in "12"],
        "replayed": [*told.values(), *told.values()],
    }
    seen: dict[str, Rows] = {}
    for name, batches in deliveries.items():
        database = new().prepare([projection])
        for batch in batches:
            database.fold(batch, [projection])
        seen[name] = database.rows(projection)
    for name, rows in seen.items():
        assert rows == seen["in one batch"], name
    return seen["in one batch"]
