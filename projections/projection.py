"""A projection folds each decision of the log into statements that bring one view up to date.

The rows of one batch are executed kind by kind, in the order of `Projection.kinds`, each kind in
the order of the log. Kinds must therefore commute: they set different columns of a row, or add.
What deletes rows does not, and is executed in the order of the log among all kinds.

Partitions are folded in any order. Where two may use one id, the partition is part of a row's key,
and each writes, changes and deletes rows of its own only.
"""

import re
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import Table

from events.decisions import Recorded

Value = str | int | float | bool | None
Row = tuple[Value, ...]

_name = re.compile(r"(?<!:):(\w+)")


class Sql(Struct, frozen=True, eq=False):
    """One kind of statement. `{table}` stands for the view's table, `:name` for a value.

    A row holds the values in the order in which their names first appear in *text*. *gather*
    makes of a batch's rows the ones to execute. One that is *in_order* is executed at its place
    in the log, after all that comes before it: it need not commute.
    """

    text: str
    gather: Callable[[list[Row]], list[Row]] | None = None
    in_order: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_name.findall(self.text)))

    def numbered(self, table: str) -> str:
        """The text for `table`, its values as SQLite counts them."""
        places = {name: place for place, name in enumerate(self.names, start=1)}
        text = self.text.replace("{table}", table)
        return _name.sub(lambda found: f"?{places[found[1]]}", text)

    def named(self, table: str) -> str:
        """The text for `table`, its values as psycopg names them."""
        return _name.sub(r"%(\1)s", self.text.replace("{table}", table).replace("%", "%%"))


class Statement(NamedTuple):
    """One row to execute."""

    sql: Sql
    row: Row


class Projection(Struct, frozen=True, kw_only=True, eq=False):
    """One view: its table, and the pure fold that maintains it.

    A changed table or fold is `version + 1`, and a rebuild beside the old one. *table* makes the
    table's description under the name that it is given.
    """

    name: str
    version: int
    table: Callable[[str], Table]
    kinds: tuple[Sql, ...]
    fold: Callable[[Recorded], Iterator[Statement]]


def insert(*columns: str) -> str:
    """The SQL that inserts a row unless its key is there."""
    return (
        f"INSERT INTO {{table}} ({', '.join(columns)}) "  # noqa: S608 - the names are our own
        f"VALUES ({', '.join(':' + column for column in columns)}) ON CONFLICT DO NOTHING"
    )


def where(*key: str) -> str:
    """The SQL that picks the rows in which these columns have these values."""
    return " AND ".join(f"{column} = :{column}" for column in key)


def deleting(*key: str) -> Sql:
    """The rows in which these columns have these values are gone."""
    return Sql(f"DELETE FROM {{table}} WHERE {where(*key)}", in_order=True)  # noqa: S608 - our own


DELETE = deleting("id")
"""The row of this id is gone."""

HOME = ("id", "partition")
"""The key of rows whose ids two partitions may use: where they live is a part of it."""


def newest(*key: str) -> Callable[[list[Row]], list[Row]]:
    """Of the rows that set the same columns of one run, the last; their last values are its key."""
    of = itemgetter(*range(-len(key), 0))

    def gathered(rows: list[Row]) -> list[Row]:
        return list(dict(zip(map(of, rows), rows, strict=True)).values())

    return gathered


SEEN = """
updated = CASE WHEN position < :position THEN :updated ELSE updated END,
version = CASE WHEN position < :position THEN :version ELSE version END,
position = CASE WHEN position < :position THEN :position ELSE position END
"""
"""How a row learns of a decision about it; in whatever order, the latest one stays."""
