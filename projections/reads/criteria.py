"""Criteria as SQL: what one field of a filter demands of a column."""

from collections.abc import Iterable, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

from events.queries.criteria import (
    CreatedByIs,
    InstantIs,
    NameIs,
    NameStarts,
    NullableInstantIs,
    NullableNumberIs,
    NumberIs,
    Operator,
    StateIs,
    TagsAre,
    TextSearch,
    utc,
)
from events.states import StateType

from ..columns import INDEXED_MAX, beginning, is_name, plain

Condition = ColumnElement[bool]
Conditions = list[Condition]
LAST = "\U0010ffff"
"""After every character that a text has."""

_FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)

Columns = Any
"""The columns of a table; SQLAlchemy types them by name, at run time."""


class has_tag(FunctionElement[bool]):  # noqa: N801 - it reads as the SQL function that it is
    """Whether a JSON list of texts holds a text."""

    type = Boolean()
    inherit_cache = True
    name = "has_tag"


@compiles(has_tag, "sqlite")
def _has_tag_sqlite(element: has_tag, compiler: SQLCompiler, **how: Any) -> str:
    tags, tag = (compiler.process(clause, **how) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({tags}) WHERE value = {tag})"  # noqa: S608 - compiled


@compiles(has_tag, "postgresql")
def _has_tag_postgresql(element: has_tag, compiler: SQLCompiler, **how: Any) -> str:
    tags, tag = (compiler.process(clause, **how) for clause in element.clauses)
    return f"jsonb_exists(CAST({tags} AS jsonb), {tag})"


def holds(column: ColumnElement[Any], text: str) -> Condition:
    """The JSON list in *column* holds *text*."""
    return has_tag(column, plain(text))


def some(table: FromClause, *conditions: Condition) -> Condition:
    """There is a row of *table* for which *conditions* hold."""
    return exists(select(1).select_from(table).where(*conditions))


def related(table: FromClause, joined: Condition, conditions: Conditions) -> Conditions:
    """*conditions*, if there are any, hold for a row of *table* that is so *joined*."""
    return [some(table, joined, *conditions)] if conditions else []


def combined(operator: Operator | None, conditions: Iterable[Condition]) -> Conditions:
    """One condition made of all, or none when there are none."""
    found = list(conditions)
    if len(found) < 2:
        return found
    return [or_(*found) if operator == "or_" else and_(*found)]


def among(
    column: ColumnElement[Any],
    any_: Sequence[object] | None,
    not_any_: Sequence[object] | None = None,
) -> Conditions:
    """*column* is one of these and none of those."""
    found: Conditions = []
    if any_ is not None:
        found.append(one_of(column, any_))
    if not_any_ is not None:
        found.append(~one_of(column, not_any_))
    return found


def one_of(column: ColumnElement[Any], values: Sequence[object]) -> Condition:
    """*column* is one of these; a name is looked for by its `beginning` too."""
    values = [plain(each) if isinstance(each, str) else each for each in values]
    found = column.in_(values)
    if not is_name(column):
        return found
    return found & beginning(column).in_([str(each)[:INDEXED_MAX] for each in values])


def begins(column: ColumnElement[Any], text: str) -> Condition:
    """*column* begins with *text*, its case included; `LIKE` would not ask for that in SQLite."""
    found = _between(column, text)
    if not is_name(column):
        return found
    return found & _between(beginning(column), text[:INDEXED_MAX])


def _between(column: ColumnElement[Any], text: str) -> Condition:
    """*column* is *text* or comes after it, and before all that does not begin with it."""
    return (column >= text) & (column < text + LAST)


def null(column: ColumnElement[Any], is_null: bool | None) -> Conditions:
    """*column* is null, or it is not."""
    if is_null is None:
        return []
    return [column.is_(None) if is_null else column.is_not(None)]


def contains(column: ColumnElement[Any], text: str | None) -> Conditions:
    """*column* contains *text*, whatever its case; `%` and `_` in it stand for any text."""
    return [] if text is None else [_like(column, f"%{text}%")]


def _like(column: ColumnElement[Any], pattern: str) -> Condition:
    # the databases differ in what a backslash means: here it is only itself
    return column.ilike(plain(pattern).replace("\\", "\\\\"), escape="\\")


def named(column: ColumnElement[Any], name: NameIs) -> Conditions:
    """What is demanded of a name."""
    return among(column, name.any_) + contains(column, name.like_)


def starting(column: ColumnElement[Any], name: NameStarts) -> Conditions:
    """What is demanded of the beginning of a name."""
    found = among(column, name.any_)
    if name.startswith_ is not None:
        begins = [_like(column, f"{start}%") for start in name.startswith_]
        found.append(or_(false(), *begins))
    return found


def tagged(column: ColumnElement[Any], tags: TagsAre) -> Conditions:
    """What is demanded of tags, a JSON list."""
    found: Conditions = []
    if tags.all_ is not None:
        found.append(and_(column.is_not(None), *(holds(column, tag) for tag in tags.all_)))
    if tags.any_ is not None:
        found.append(or_(false(), *(holds(column, tag) for tag in tags.any_)))
    if tags.is_null_ is not None:
        found.append(column == "[]" if tags.is_null_ else column != "[]")
    return combined(tags.operator, found)


def timed(
    column: ColumnElement[Any],
    instant: InstantIs,
    or_else: ColumnElement[Any] | None = None,
) -> Conditions:
    """What is demanded of an instant; *or_else* is compared where *column* is null."""
    found: Conditions = []
    compared = column if or_else is None else func.coalesce(column, or_else)
    if instant.before_ is not None:
        found.append(compared <= utc(instant.before_))
    if instant.after_ is not None:
        found.append(compared >= utc(instant.after_))
    if isinstance(instant, NullableInstantIs):
        found += null(column, instant.is_null_)
    return found


def _texts(types: list[StateType] | None) -> list[str] | None:
    # psycopg would store an enumeration's name
    return None if types is None else [type.value for type in types]


def in_state(columns: Columns, state: StateIs) -> Conditions:
    """What is demanded of a run's state."""
    found: Conditions = []
    if state.type is not None:
        found += among(columns.state_type, _texts(state.type.any_), _texts(state.type.not_any_))
    if state.name is not None:
        found += among(columns.state_name, state.name.any_, state.name.not_any_)
    return combined(state.operator, found)


def created_by(columns: Columns, by: CreatedByIs) -> Conditions:
    """What is demanded of a run's creator."""
    found = among(columns.created_by_id, by.id_) + among(columns.created_by_type, by.type_)
    return combined(by.operator, found + null(columns.created_by, by.is_null_))


def levelled(column: ColumnElement[Any], number: NumberIs) -> Conditions:
    """What is demanded of a number, which may be larger than the column holds."""
    found: Conditions = []
    if number.ge_ is not None:
        found.append(column >= literal(number.ge_, BigInteger))
    if number.le_ is not None:
        found.append(column <= literal(number.le_, BigInteger))
    if isinstance(number, NullableNumberIs):
        found += null(column, number.is_null_)
    return found


def folded(text: str) -> str:
    """*text* as the `lower` of both databases has it, which knows ASCII only."""
    return text.translate(_FOLDED)


def found_in(texts: Sequence[ColumnElement[Any]], search: TextSearch) -> Conditions:
    """What a search demands of *texts*, which are searched together."""
    where = func.lower(texts[0])
    for text in texts[1:]:
        where = where.concat(" ").concat(func.lower(text))
    terms = search.terms(folded)

    def within(term: str) -> Condition:
        return where.contains(plain(term), autoescape=True)

    found = [within(term) for term in terms.required]
    found += [~within(term) for term in terms.excluded]
    if terms.wanted:
        found.append(or_(*map(within, terms.wanted)))
    return found
