"""What a filter demands of a resource: each criterion, of the field that it is named after."""

from collections.abc import Callable
from typing import Any

from msgspec import structs
from sqlalchemy import BigInteger, ColumnElement, cast, type_coerce

from events.queries.criteria import Combined, Criterion, IdIsAny, NameIs, TagsAre

from ..columns import Moment
from .criteria import Columns, Conditions, among, combined, named, tagged


def _one_of(column: ColumnElement[Any], id: IdIsAny) -> Conditions:
    return among(column, id.any_)


MET: dict[type[Criterion], Callable[[ColumnElement[Any], Any], Conditions]] = {
    IdIsAny: _one_of,
    NameIs: named,
    TagsAre: tagged,
}
"""How a column meets a criterion."""


def demanded(c: Columns, demands: Combined | None) -> Conditions:
    """The conditions under which a row meets *demands*."""
    if demands is None:
        return []
    found: Conditions = []
    for field in structs.fields(demands):
        criterion = getattr(demands, field.name)
        if isinstance(criterion, Criterion):
            found += MET[type(criterion)](c[field.name], criterion)
    return combined(demands.operator, found)


def moment(shown: Any) -> ColumnElement[Any]:
    """An instant among what a kind shows."""
    return type_coerce(cast(shown.as_string(), BigInteger), Moment)
