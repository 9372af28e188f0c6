"""What a filter demands of a resource: each criterion, of the field that it is named after."""

from collections.abc import Callable
from typing import Any

from msgspec import structs
from sqlalchemy import BigInteger, ColumnElement, and_, cast, or_, select, type_coerce

from events.queries import BlockDocumentQuery, BlockTypeQuery, DeploymentFilter, KindPage
from events.queries.criteria import (
    AllOf,
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
    NullableNumberIs,
    TagsAre,
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
    has_tag,
    levelled,
    named,
    null,
    related,
    some,
    starting,
    tagged,
    timed,
)

resources = resources_view.table(resources_view.name)
_flows = flows_view.table(flows_view.name)

Wanted = IdIs | IdIsAny | TextIs | TextIsAny | WorkerStatusIs


def _one_of(column: ColumnElement[Any], wanted: Wanted) -> Conditions:
    return among(column, wanted.any_, getattr(wanted, "not_any_", None))


def _all_of(column: ColumnElement[Any], wanted: AllOf) -> Conditions:
    return [has_tag(column, each) for each in wanted.all_ or ()]


def _containing(column: ColumnElement[Any], text: Contains) -> Conditions:
    return contains(column, text.like_)


def _equal(column: ColumnElement[Any], flag: Equals) -> Conditions:
    return [] if flag.eq_ is None else [column == flag.eq_]


def _holding(column: ColumnElement[Any], holds: Holds) -> Conditions:
    return [has_tag(column, holds.text)]


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
    NullableNumberIs: levelled,
    TagsAre: tagged,
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


def demanded(c: Columns, kind: Kind, demands: Criterion | None) -> Conditions:
    """The conditions under which a row meets *demands*."""
    if demands is None:
        return []
    found: Conditions = []
    for field in demands.__struct_fields__:
        criterion = getattr(demands, field)
        if isinstance(criterion, Criterion):
            column = column_of(c, kind, field, type(criterion))
            found += MET[type(criterion)](column, criterion)
    return combined(getattr(demands, "operator", None), found)


def deployments_demanded(c: Columns, deployment: DeploymentFilter | None) -> Conditions:
    """As `demanded`; besides, the name of its flow will do for that of a deployment."""
    if deployment is None:
        return []
    found = demanded(c, DEPLOYMENT, structs.replace(deployment, flow_or_deployment_name=None))
    text = deployment.flow_or_deployment_name
    if text is not None and text.like_ is not None:
        flow = _flows.alias()
        of_flow = some(flow, flow.c.id == c.parent_id, *contains(flow.c.name, text.like_))
        found.append(or_(*contains(c.name, text.like_), of_flow))
    return combined(deployment.operator, found)


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
        of_kind = and_(joined, table.c.kind == kind.name)
        found += related(table, of_kind, demanded(table.c, kind, demands))
    return found


def block_type_id(c: Columns) -> ColumnElement[Any]:
    """Where a row of a block document shows the id of its type."""
    return column_of(c, BLOCK_DOCUMENT, "block_type_id", IdIsAny)


def block_type_name(c: Columns) -> ColumnElement[Any]:
    """What the type of a block document is called."""
    type = resources.alias()
    return select(type.c.name).where(type.c.id == block_type_id(c)).scalar_subquery()
