"""What a filter demands of a resource: each criterion, of the field that it is named after."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, cast, select, type_coerce

from events.queries import BlockDocumentQuery, BlockTypeQuery, DeploymentFilter, KindPage
from events.queries.criteria import (
    AllOf,
    Combined,
    Contains,
    Criterion,
    Equals,
    Holds,
    IdIs,
    IdIsAny,
    InstantIs,
    KeyIs,
    NameIs,
    NameStarts,
    NullableIdIs,
    NullableInstantIs,
    NullableNumberIs,
    NullableTextIs,
    NumberIs,
    ParentIs,
    TagsAre,
    TaskRunIdIs,
    TextIs,
    TextIsAny,
    WorkerStatusIs,
)
from events.resources.blocks import BLOCK_DOCUMENT, BLOCK_SCHEMA, BLOCK_TYPE
from events.resources.deployments import DEPLOYMENT
from events.resources.resource import Kind

from ..columns import Id, Moment
from ..views.flows import flows as flows_view
from ..views.resources import resources as resources_view
from .criteria import (
    Columns,
    Conditions,
    among,
    combined,
    contains,
    holds,
    levelled,
    named,
    null,
    related,
    starting,
    tagged,
    timed,
)

resources = resources_view.table(resources_view.name)
_flows = flows_view.table(flows_view.name)


def _one_of(column: ColumnElement[Any], wanted: Any) -> Conditions:
    found = among(column, wanted.any_, getattr(wanted, "not_any_", None))
    found += null(column, getattr(wanted, "is_null_", None))
    return combined(wanted.operator, found) if isinstance(wanted, Combined) else found


def _all_of(column: ColumnElement[Any], wanted: AllOf) -> Conditions:
    return [holds(column, each) for each in wanted.all_ or ()]


def _containing(column: ColumnElement[Any], text: Contains) -> Conditions:
    return contains(column, text.like_)


def _equal(column: ColumnElement[Any], flag: Equals) -> Conditions:
    return [] if flag.eq_ is None else [column == flag.eq_]


def _holding(column: ColumnElement[Any], wanted: Holds) -> Conditions:
    return [holds(column, wanted.text)]


def _keyed(column: ColumnElement[Any], key: KeyIs) -> Conditions:
    return named(column, key) + null(column, None if key.exists_ is None else not key.exists_)


MET: dict[type[Criterion], Callable[[ColumnElement[Any], Any], Conditions]] = {
    AllOf: _all_of,
    Contains: _containing,
    Equals: _equal,
    Holds: _holding,
    IdIs: _one_of,
    IdIsAny: _one_of,
    InstantIs: timed,
    KeyIs: _keyed,
    NameIs: named,
    NameStarts: starting,
    NullableIdIs: _one_of,
    NullableInstantIs: timed,
    NullableNumberIs: levelled,
    NullableTextIs: _one_of,
    NumberIs: levelled,
    ParentIs: _one_of,
    TagsAre: tagged,
    TaskRunIdIs: _one_of,
    TextIs: _one_of,
    TextIsAny: _one_of,
    WorkerStatusIs: _one_of,
}
"""How a column meets a criterion."""


def moment(shown: Any) -> ColumnElement[Any]:
    """An instant among what a kind shows."""
    return type_coerce(cast(shown.as_string(), BigInteger), Moment)


READ: dict[type[Criterion], Callable[[Any], ColumnElement[Any]]] = {
    Equals: lambda shown: shown.as_boolean(),
    IdIsAny: lambda shown: type_coerce(shown.as_string(), Id),
    InstantIs: moment,
    NullableNumberIs: lambda shown: shown.as_integer(),
}
"""How what a kind shows is read for a criterion; as text, unless it is here."""


Others = Mapping[str, Callable[[Columns, Any], Conditions]]
"""What becomes of criteria that are not met by the column that their field is named after."""

NO_OTHERS: Others = {}


def at(name: str) -> Callable[[Columns, Any], Conditions]:
    """A criterion is met by the column *name*."""
    return lambda c, criterion: MET[type(criterion)](c[name], criterion)


def demanded(
    c: Columns,
    demands: Criterion | None,
    others: Others = NO_OTHERS,
    kind: Kind | None = None,
) -> Conditions:
    """The conditions under which a row, maybe one of a resource of *kind*, meets *demands*."""
    if demands is None:
        return []
    found: Conditions = []
    for field in demands.__struct_fields__:
        criterion = getattr(demands, field)
        if not isinstance(criterion, Criterion):
            continue
        if field in others:
            found += others[field](c, criterion)
        else:
            column = c[field] if kind is None else column_of(c, kind, field, type(criterion))
            found += MET[type(criterion)](column, criterion)
    return combined(getattr(demands, "operator", None), found)


def deployments_demanded(c: Columns, deployment: DeploymentFilter | None) -> Conditions:
    """As `demanded`; the name of its flow will do for that of a deployment."""
    return demanded(c, deployment, {"flow_or_deployment_name": _either_named}, DEPLOYMENT)


def _either_named(c: Columns, name: Contains) -> Conditions:
    flow = _flows.alias()
    of_flow = related(flow, flow.c.id == c.parent_id, contains(flow.c.name, name.like_))
    return combined("or_", contains(c.name, name.like_) + of_flow)


def column_of(
    c: Columns, kind: Kind, field: str, for_a: type[Criterion] = TextIs
) -> ColumnElement[Any]:
    """Where a row shows *field* of a resource of *kind*."""
    if field == kind.called:
        return c.name
    if field == kind.under:
        return c.parent_id
    if kind.parent is not None and field == kind.parent.field:
        return c.parent_id
    if field in c:
        return c[field]
    shown = c.shown[field]
    return READ[for_a](shown) if for_a in READ else shown.as_string()


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
        found += related(table, a(kind, table.c, joined), demanded(table.c, demands, kind=kind))
    return found


def a(kind: Kind, c: Columns, joined: ColumnElement[bool]) -> ColumnElement[bool]:
    """A row so *joined* is one of *kind*: those of others may have the same id."""
    return and_(joined, c.kind == kind.name)


def block_type_id(c: Columns) -> ColumnElement[Any]:
    """Where a row of a block document shows the id of its type."""
    return column_of(c, BLOCK_DOCUMENT, "block_type_id", IdIsAny)


def block_type_name(c: Columns) -> ColumnElement[Any]:
    """What the type of a block document is called."""
    type = resources.alias()
    its = a(BLOCK_TYPE, type.c, type.c.id == block_type_id(c))
    return select(type.c.name).where(its).scalar_subquery()
