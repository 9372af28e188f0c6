"""Any message at all: strategies made from the types of the language."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import Raw, inspect

from events.instants import instant_of, micros_of
from events.wire.codec import encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
TEXTS = st.text(max_size=8)
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=3,
)
INSTANTS = st.integers(0, micros_of(datetime(8999, 1, 1, tzinfo=UTC))).map(instant_of)


@cache
def messages(message: type) -> st.SearchStrategy[Any]:
    """Values of the struct *message*; its optional fields are there or not."""
    described = inspect.type_info(message)
    assert isinstance(described, inspect.StructType)
    return _struct(described)


def _of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType(cls=message):
            # later, for a message may hold others of its type
            return st.deferred(lambda: messages(message))
        case inspect.UnionType(types=types):
            return st.one_of([_of(each) for each in types])
        case inspect.ListType(item_type=item, min_length=shortest):
            return st.lists(_of(item), min_size=shortest or 0, max_size=2)
        case inspect.VarTupleType(item_type=item):
            return st.lists(_of(item), max_size=2).map(tuple)
        case inspect.FrozenSetType(item_type=item):
            # the order in which a set is written is not defined
            return st.frozensets(_of(item), max_size=1)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_of(key), _of(value), max_size=2)
        case inspect.Metadata(type=inner):
            return _of(inner)
        case _:
            return _scalar(kind)


def _scalar(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern, fullmatch=True).map(lambda text: text[:8])
        case inspect.StrType(min_length=shortest):
            return st.text(min_size=shortest or 0, max_size=8)
        case inspect.IntType(ge=least, le=most):
            return st.integers(least, most)
        case inspect.FloatType(ge=least, le=most):
            return st.floats(least, most, allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.DateTimeType():
            return INSTANTS
        case inspect.UUIDType():
            return st.uuids()
        case inspect.EnumType(cls=enum):
            return st.sampled_from(list(enum))
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.AnyType():
            return JSON_VALUES
        case inspect.RawType():
            return JSON_VALUES.map(encode).map(Raw)
        case _:
            raise NotImplementedError(f"no strategy for {kind}")


def _struct(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    fields: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in kind.fields:
        (fields if field.required else optional)[field.name] = _of(field.type)
    given = st.fixed_dictionaries(fields, optional=optional)
    return given.map(lambda values: _made(kind.cls, values)).filter(lambda made: made is not None)


def _made(message: type, values: dict[str, Any]) -> Any:
    """The message with these values; None when they do not go together."""
    try:
        return message(**values)
    except ValueError:
        return None
