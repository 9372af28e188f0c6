"""Columns: how instants, ids and structures are stored, alike in SQLite and PostgreSQL.

Instants are whole microseconds since 1970, so that sums are exact. Ids are text. Structures are
JSON text, as the log has them. Text sorts by code point in both.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, json
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    Table,
    Text,
    TypeDecorator,
)

from events.instants import instant_of, micros_of

SECONDS_MAX = 2**28
MICROS_MAX = SECONDS_MAX * 1_000_000
"""Eight years. What claims to last longer is counted as that long, so that sums have room."""

_WHERE = "where"

TEXT = Text().with_variant(Text(collation="C"), "postgresql")


class Moment(TypeDecorator[datetime]):
    """An instant, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros_of(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant_of(value)


class Id(TypeDecorator[UUID]):
    """A UUID, stored as text."""

    impl = TEXT
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> UUID | None:
        return None if value is None else UUID(value)


def id_column(name: str, *, is_key: bool = False) -> Column[Any]:
    """A column of ids; a key is never null."""
    return Column(name, Id, primary_key=is_key)


def partition_column() -> Column[Any]:
    """The partition that a row belongs to, the second part of its key."""
    return Column("partition", Integer, primary_key=True, autoincrement=False)


def partial_index(name: str, column: Column[Any], where: ColumnElement[bool]) -> Index:
    """An index of the rows for which *where* holds, once its table is `made_for` a database."""
    # an index that names a database loads all that SQLAlchemy knows of it, with each start
    return Index(name, column, info={_WHERE: where})


def made_for(dialect: str, table: Table) -> Table:
    """*table*, its partial indexes said in the words of *dialect*."""
    for index in table.indexes:
        if _WHERE in index.info:
            index.dialect_kwargs[f"{dialect}_where"] = index.info[_WHERE]
    return table


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
