"""The views must equal a rebuild: the log folded into an empty database, up to where they are."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import anyio.to_thread
from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from events.decisions import Recorded
from projections.projection import Projection
from projections.store import Store, checkpoints, open_engine
from projections.views import PROJECTIONS
from projections.worker import apply

from ..errors import ForPeople

CHUNK = 2_000


class ViewsReplay:
    """The views at *url* as they were on entering, and a rebuild of them beside.

    One transaction reads all views and their checkpoints, so that they may change meanwhile.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headgate-")))
            live, rebuilt = open_engine(self._url), open_engine(f"sqlite:///{folder / 'views.db'}")
            stack.callback(live.dispose)
            stack.callback(rebuilt.dispose)
            self._store = Store(rebuilt)
            self._store.prepare(PROJECTIONS)
            self._rebuilt = rebuilt
            try:
                connection = live.connect()
                if live.dialect.name == "postgresql":
                    connection = connection.execution_options(isolation_level="REPEATABLE READ")
                self._live = stack.enter_context(connection)
                self._reached = _reached(self._live)
            except SQLAlchemyError as error:
                raise ForPeople(
                    f"the views cannot be read: {getattr(error, 'orig', error)}"
                ) from error
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def fold(self, partition: int, page: Sequence[Recorded]) -> None:
        """Fold *page* into the rebuild, as far as each view had come."""
        await anyio.to_thread.run_sync(self._fold, partition, page)

    def _fold(self, partition: int, page: Sequence[Recorded]) -> None:
        def reached(projection: Projection) -> int:
            return self._reached.get((projection.name, partition), 0)

        for upto, projections in groupby(sorted(PROJECTIONS, key=reached), reached):
            seen = [recorded for recorded in page if recorded.position <= upto]
            if seen:
                apply(self._store, [(each, each.name) for each in projections], partition, seen)

    def behind(self, ends: Mapping[int, int]) -> int:
        """How many decisions the view that is furthest behind has yet to fold."""
        late = [
            sum(max(0, end - self._reached.get((each.name, p), 0)) for p, end in ends.items())
            for each in PROJECTIONS
        ]
        return max(late, default=0)

    def differing(self, ends: Mapping[int, int]) -> list[str]:
        """What of the views is not as the rebuild has it."""
        ahead = [
            f"view {view}, partition {partition}: it is at position {position}, the log ends at "
            f"{ends.get(partition, 0)}"
            for (view, partition), position in sorted(self._reached.items())
            if position > ends.get(partition, 0)
        ]
        found = [fault for each in PROJECTIONS for fault in self._differing(each)]
        return ahead + found

    def _differing(self, projection: Projection) -> Iterator[str]:
        if not inspect(self._live).has_table(projection.name):
            if any(view == projection.name for view, _ in self._reached):
                yield f"view {projection.name}: its table is gone"
            return
        with self._rebuilt.connect() as rebuilt:
            live, fresh = (_rows(each, projection) for each in (self._live, rebuilt))
            one, other = next(live, None), next(fresh, None)
            while one is not None or other is not None:
                if other is None or (one is not None and one[0] < other[0]):
                    assert one is not None
                    yield f"view {projection.name}, row {_shown(one[0])}: a rebuild has no such row"
                    one = next(live, None)
                elif one is None or other[0] < one[0]:
                    yield f"view {projection.name}, row {_shown(other[0])}: it is missing"
                    other = next(fresh, None)
                else:
                    for name, value in one[1].items():
                        if not _same(value, other[1][name]):
                            yield (
                                f"view {projection.name}, row {_shown(one[0])}: {name} is "
                                f"{value!r}, a rebuild has {other[1][name]!r}"
                            )
                    one, other = next(live, None), next(fresh, None)


Rows = Iterator[tuple[tuple[Any, ...], dict[str, Any]]]
"""Keys and rows, in the order of their keys."""


def _rows(connection: Connection, projection: Projection) -> Rows:
    table = projection.table(projection.name)
    keys = [column.name for column in table.primary_key]
    query = select(table).order_by(*table.primary_key)
    for row in connection.execution_options(yield_per=CHUNK).execute(query).mappings():
        values: dict[str, Any] = {str(name): value for name, value in row.items()}
        parts = [values[key] for key in keys]
        yield tuple(part if isinstance(part, int) else str(part) for part in parts), values


def _reached(connection: Connection) -> dict[tuple[str, int], int]:
    if not inspect(connection).has_table(checkpoints.name):
        return {}
    rows = connection.execute(
        select(checkpoints.c.view, checkpoints.c.partition, checkpoints.c.position)
    )
    names = {each.name for each in PROJECTIONS}
    return {(view, partition): position for view, partition, position in rows if view in names}


def _same(one: Any, other: Any) -> bool:
    return one == other or (
        isinstance(one, str) and isinstance(other, str) and _unordered(one) == _unordered(other)
    )


def _unordered(text: str) -> Any:
    """*text*, or the policy in it with its pause keys sorted: they are a set and have no order."""
    if '"pause_keys"' not in text:
        return text
    try:
        policy: Any = json.loads(text)
        return {**policy, "pause_keys": sorted(policy["pause_keys"] or ())}
    except (ValueError, TypeError, KeyError):
        return text


def _shown(key: tuple[Any, ...]) -> str:
    return "/".join(str(part) for part in key)
