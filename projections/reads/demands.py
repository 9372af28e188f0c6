"""What a filter demands of a resource: each criterion, of the field that it is named after."""

from collections.abc import Callable
from typing import Any

from msgspec import structs
from sqlalchemy import BigInteger, ColumnElement, cast, select, type_coerce

from events.queries import BlockDocumentQuery, BlockTypeQuery, KindPage
from events.queries.criteria import (
    AllOf,
    Contains,
    Criterion,
    Equals,
    Holds,
    IdIsAny,
    InstantIs,
    KeyIs,
    NameIs,
    TagsAre,
    TextIs,
    TextIsAny,
)
from events.resources.blocks import BLOCK_SCHEMA, BLOCK_TYPE
from events.resources.resource import Kind

from ..columns import Id, Moment
from .criteria import (
    Columns,
    Conditions,
    among,
    combined,
    contains,
    has_tag,
    named,
    null,
    some,
    tagged,
    timed,
)
from .places import resources


def _one_of(column: ColumnElement[Any], id: IdIsAny) -> Conditions:
    return among(type_coerce(column, Id), id.any_)


def _all_of(column: ColumnElement[Any], wanted: AllOf) -> Conditions:
    return [has_tag(column, each) for each in wanted.all_ or ()]


def _containing(column: ColumnElement[Any], text: Contains) -> Conditions:
    return contains(column, text.like_)


def _equal(column: ColumnElement[Any], flag: Equals) -> Conditions:
    return [] if flag.eq_ is None else [column == flag.eq_]


def _text(column: ColumnElement[Any], text: TextIs) -> Conditions:
    return among(column, text.any_, text.not_any_)


def _one_text_of(column: ColumnElement[Any], text: TextIsAny) -> Conditions:
    return among(column, text.any_)


def _holding(column: ColumnElement[Any], holds: Holds) -> Conditions:
    return [has_tag(column, holds.text)]


def _keyed(column: ColumnElement[Any], key: KeyIs) -> Conditions:
    return named(column, key) + null(column, None if key.exists_ is None else not key.exists_)


MET: dict[type[Criterion], Callable[[ColumnElement[Any], Any], Conditions]] = {
    AllOf: _all_of,
    Contains: _containing,
    Equals: _equal,
    Holds: _holding,
    IdIsAny: _one_of,
    InstantIs: timed,
    KeyIs: _keyed,
    NameIs: named,
    TagsAre: tagged,
    TextIs: _text,
    TextIsAny: _one_text_of,
}
"""How a column meets a criterion."""


def demanded(c: Columns, kind: Kind, demands: Criterion | None) -> Conditions:
    """The conditions under which a row meets *demands*."""
    if demands is None:
        return []
    found: Conditions = []
    for field in structs.fields(demands):
        criterion = getattr(demands, field.name)
        if isinstance(criterion, Criterion):
            column = column_of(c, kind, field.name, is_flag=isinstance(criterion, Equals))
            found += MET[type(criterion)](column, criterion)
    return combined(getattr(demands, "operator", None), found)


def column_of(c: Columns, kind: Kind, field: str, *, is_flag: bool = False) -> ColumnElement[Any]:
    """Where a row shows *field* of a resource of *kind*."""
    if field == kind.called:
        return c.name
    if field == kind.under:
        return c.parent_id
    if kind.parent is not None and field == kind.parent.field:
        return c.parent_id
    if field in c:
        return c[field]
    return c.shown[field].as_boolean() if is_flag else c.shown[field].as_string()


def of_blocks_matching(c: Columns, query: KindPage) -> Conditions:
    """Which block types have a schema that matches, or documents a type and a schema that do."""
    type, schema = resources.alias(), resources.alias()
    match query:
        case BlockTypeQuery(block_schemas=schemas):
            ways = [(schema, schema.c.parent_id == c.id, BLOCK_SCHEMA, schemas)]
        case BlockDocumentQuery(block_types=types, block_schemas=schemas):
            ways = [
                (type, type.c.id == block_type_id(c), BLOCK_TYPE, types),
                (schema, schema.c.id == c.parent_id, BLOCK_SCHEMA, schemas),
            ]
        case _:
            return []
    found: Conditions = []
    for table, joined, kind, demands in ways:
        conditions = demanded(table.c, kind, demands)
        if conditions:
            found.append(some(table, joined, table.c.kind == kind.name, *conditions))
    return found


def block_type_id(c: Columns) -> ColumnElement[Any]:
    """Where a row of a block document shows the id of its type."""
    return type_coerce(c.shown["block_type_id"].as_string(), Id)


def block_type_name(c: Columns) -> ColumnElement[Any]:
    """What the type of a block document is called."""
    type = resources.alias()
    return select(type.c.name).where(type.c.id == block_type_id(c)).scalar_subquery()


def moment(shown: Any) -> ColumnElement[Any]:
    """An instant among what a kind shows."""
    return type_coerce(cast(shown.as_string(), BigInteger), Moment)
