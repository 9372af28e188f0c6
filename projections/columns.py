"""Columns: how instants, ids and structures are stored, alike in SQLite and PostgreSQL.

Instants are whole microseconds since 1970, so that sums are exact. Ids are text. Structures are
JSON text, as the log has them. Text sorts by code point in both.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from msgspec import Struct, convert, json
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    TypeDecorator,
    func,
    literal_column,
)

from events.instants import instant_of, micros_of

SECONDS_MAX = 2**28
MICROS_MAX = SECONDS_MAX * 1_000_000
"""Eight years. What claims to last longer is counted as that long."""

INDEXED_MAX = 200
"""Characters of a text that an index holds. PostgreSQL refuses rows with entries of some kilobytes.

https://www.postgresql.org/docs/current/btree.html
"""

_WHERE = "where"

TEXT = Text().with_variant(Text(collation="C"), "postgresql")


SUM = BigInteger().with_variant(Numeric(38, 0), "postgresql")
"""A sum of microseconds, which may be more than 64 bits hold: SQLite makes it a float by itself."""


class Name(Text):
    """A text that is looked for in an index; PostgreSQL's hold its `beginning`."""


NAME = Name().with_variant(Name(collation="C"), "postgresql")


def _instant(value: int | None) -> datetime | None:
    return None if value is None else instant_of(value)


def _uuid(value: str | None) -> UUID | None:
    # a third of the time that the constructor takes
    return None if value is None else convert(value, UUID)


class Moment(TypeDecorator[datetime]):
    """An instant, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros_of(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _instant  # a page has thousands: without what a decorated type does around it


class Id(TypeDecorator[UUID]):
    """A UUID, stored as text."""

    impl = TEXT
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _uuid  # a page has thousands: without what a decorated type does around it


def id_column(name: str, *, is_key: bool = False) -> Column[Any]:
    """A column of ids; a key is never null."""
    return Column(name, Id, primary_key=is_key)


def partition_column() -> Column[Any]:
    """The partition that a row belongs to, the second part of its key."""
    return Column("partition", Integer, primary_key=True, autoincrement=False)


def partial_index(name: str, where: ColumnElement[bool], *by: ColumnElement[Any]) -> Index:
    """An index of the rows for which *where* holds, once its table is `made_for` a database."""
    # an index that names a database loads all that SQLAlchemy knows of it, with each start
    return Index(name, *by, info={_WHERE: where})


def made_for(dialect: str, table: Table) -> Table:
    """*table*, its indexes said in the words of *dialect*."""
    for index in list(table.indexes):
        if _WHERE in index.info:
            index.dialect_kwargs[f"{dialect}_where"] = index.info[_WHERE]
        elif dialect == "postgresql" and any(map(is_name, index.columns)):
            table.indexes.remove(index)
            Index(index.name, *(beginning(c) if is_name(c) else c for c in index.columns))
    return table


def is_name(column: ColumnElement[Any]) -> bool:
    """Whether *column* is looked for by its `beginning`."""
    return isinstance(column.type, Name)


def beginning(name: ColumnElement[Any]) -> ColumnElement[Any]:
    """As much of a name as PostgreSQL has in an index."""
    return func.substr(name, literal_column("1"), literal_column(str(INDEXED_MAX)))


def indexed(text: str) -> str:
    """*text* as any index can hold it: a long one is its beginning and a digest of all of it."""
    text = plain(text)
    if len(text) <= INDEXED_MAX:
        return text
    digest = sha256(text.encode()).hexdigest()
    # longer than what is short enough, so that it can be no other text
    return text[: INDEXED_MAX + 1 - len(digest)] + digest


def micros(instant: datetime | None) -> int | None:
    """An instant as it is stored."""
    return None if instant is None else micros_of(instant)


def bounded(micros: int) -> int:
    """*micros*, at most `MICROS_MAX` either way."""
    return max(-MICROS_MAX, min(micros, MICROS_MAX))


def whole_micros(seconds: float) -> int:
    """*seconds* in whole microseconds, at most `MICROS_MAX` either way."""
    return round(max(-SECONDS_MAX, min(seconds, SECONDS_MAX)) * 1e6)


def text_id(id: UUID | None) -> str | None:
    """An id as it is stored."""
    return None if id is None else str(id)


def structure(value: object) -> str | None:
    """A structure as it is stored; None stays None. Sets in it are sorted: they have no order."""
    if value is None:
        return None
    # what users put into dictionaries keeps its order, and there are no sets in it
    order = "deterministic" if isinstance(value, Struct) else None
    return json.encode(value, order=order).decode()


def plain(text: str) -> str:
    """*text* as PostgreSQL can hold it: NUL becomes the replacement character."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text


def plain_or_none(text: str | None) -> str | None:
    """`plain`, where there may be no text."""
    return None if text is None else plain(text)
