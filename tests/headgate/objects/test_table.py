"""Every class that clients know has the fields, types, defaults and behaviours of the table."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, cast, get_args, get_origin

import pytest
from pydantic import BaseModel

from headgate import clock, objects
from headgate.objects.model import IDBaseModel, Model, ObjectBaseModel

TABLE = Path(__file__).with_name("table.txt")
PARENTS: dict[str, type] = {
    "AutoEnum": Enum,
    "IDBaseModel": IDBaseModel,
    "ObjectBaseModel": ObjectBaseModel,
    "PrefectBaseModel": Model,
    "StateBaseModel": objects.StateBaseModel,
    "TaskRunInput": objects.TaskRunInput,
}
SAME = {
    "DateTimeTZ": "DateTime",
    "datetime.datetime": "DateTime",
    "datetime.timedelta": "timedelta",
    "NonNegativeInteger": "int",
    "PositiveInteger": "int",
    "Name": "str",
    "Dict[str, Any]": "dict",
    "Optional[Any]": "Any",
}
"""Types that the table has two words for, or whose bounds are told by tests of their own."""

DETAILS = "StateAcceptDetails, StateRejectDetails, StateAbortDetails, StateWaitDetails"
OURS = {
    ("OrchestrationResult", "details"): f"Union[{DETAILS}]",
    ("TaskRunPolicy", "retry_delay"): "Optional[Union[int, float, List[int], List[float]]]",
    ("Worker", "last_heartbeat_time"): "Optional[DateTime]",
}
"""Types that are written out here, or wider than in the table: fractions of seconds, and null."""


class Row(NamedTuple):
    """A field of a class."""

    name: str
    type: str
    default: str


class Described(NamedTuple):
    """A class of the table."""

    name: str
    parent: str
    rows: list[Row]
    members: list[str]
    does: list[str]

    def __str__(self) -> str:
        return f"{self.name}-{self.parent.partition(',')[0]}"


def described() -> Iterator[Described]:
    """The classes of the table."""
    for block in TABLE.read_text().split("\n\n"):
        title, *lines = block.strip().splitlines()
        name, _, parent = title.rstrip(")").partition(" (")
        one = Described(name, parent, [], [], [])
        for line in map(str.strip, lines):
            if line.startswith("members "):
                one.members.extend(line.removeprefix("members ").split(", "))
            elif line.startswith("does "):
                one.does.extend(line.removeprefix("does ").split(", "))
            else:
                one.rows.append(Row(*line.split(" | ")))
        yield one


CLASSES = list(described())
each_class = pytest.mark.parametrize("described", CLASSES, ids=str)


def shown(annotation: Any) -> str:
    """*annotation* as the table would write it."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shown(parts[0])
    if origin in (Union, UnionType):
        others = [shown(part) for part in parts if part is not NoneType]
        text = others[0] if len(others) == 1 else f"Union[{', '.join(others)}]"
        return f"Optional[{text}]" if NoneType in parts else text
    if origin is Literal:
        return f"Literal[{parts[0]!r}]"
    if origin is list:
        return f"List[{shown(parts[0])}]"
    if origin is dict:
        return "dict" if parts == (str, Any) else f"Dict[str, {shown(parts[1])}]"
    if origin is set:
        return "set"
    if annotation is datetime:
        return "DateTime"
    return next(
        (name for name in objects.__all__ if getattr(objects, name) is annotation),
        getattr(annotation, "__name__", str(annotation)),
    )


def wanted(described: Described, row: Row) -> str:
    """The type of *row*, in one of the words that there are for it."""
    text = OURS.get((described.name, row.name), row.type)
    if text != row.type:
        return text
    for word, same in SAME.items():
        text = text.replace(word, same)
    return text


def default_shown(described: Described, row: Row, model: type[BaseModel]) -> str:
    """The default of the field of *model*, as the table would write it."""
    field = model.model_fields[row.name]
    if field.is_required():
        return "required"
    default: Any = field.get_default(call_default_factory=True)
    made: list[tuple[Any, str]] = [
        (timedelta(0), "0"),
        (set[str](), "empty set"),
        (objects.StateDetails(), "made by StateDetails"),
        (objects.FlowRunPolicy(), "made by FlowRunPolicy"),
    ]
    text = next((said for each, said in made if _same(each, default)), repr(default))
    if field.default_factory is clock.now:
        text = "now, UTC"
    if isinstance(default, Enum):
        text = str(default.value)
    return f"{text} (deprecated)" if field.deprecated else text


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def default_wanted(row: Row) -> str:
    text = row.default
    if text == "DEFAULT_BLOCK_SCHEMA_VERSION":
        return repr(objects.DEFAULT_BLOCK_SCHEMA_VERSION)
    if text.startswith(("WorkerStatus.", "ConcurrencyLimitStrategy.")):
        return text.partition(".")[2]
    return {"two-word slug": "''"}.get(text, text.replace("objects.", ""))


def test_the_table_is_whole() -> None:
    assert len(CLASSES) == 53
    assert sum(len(each.rows) for each in CLASSES) == 249


@each_class
def test_a_class_is_public_and_is_what_its_kind_is(described: Described) -> None:
    found = getattr(objects, described.name)
    assert described.name in objects.__all__
    assert (found.__doc__ or "").strip()
    for parent in described.parent.split(", "):
        assert parent == "Generic[R]" or issubclass(found, PARENTS[parent])


@each_class
def test_a_class_has_its_fields(described: Described) -> None:
    model = cast("type[BaseModel]", getattr(objects, described.name))
    for row in described.rows:
        assert row.name in model.model_fields, row.name
        assert shown(model.model_fields[row.name].annotation) == wanted(described, row), row.name
        assert default_shown(described, row, model) == default_wanted(row), row.name


@each_class
def test_a_class_has_its_members(described: Described) -> None:
    if described.members:
        found = cast("type[Enum]", getattr(objects, described.name))
        assert sorted(found.__members__) == sorted(described.members)
        assert all(member.value == name for name, member in found.__members__.items())


@each_class
def test_a_class_does_what_it_is_to_do(described: Described) -> None:
    found = getattr(objects, described.name)
    for name in described.does:
        assert callable(getattr(found, name)) or isinstance(getattr(found, name), property)
        assert getattr(found, name) is not getattr(BaseModel, name, None), name


def test_times_know_their_zone() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a client may leave the zone out
    log = objects.Log(name="n", level=20, message="m", timestamp=at)
    assert log.timestamp == at.replace(tzinfo=UTC)
    there = objects.Log.model_validate(
        log.model_dump() | {"timestamp": "2026-01-02T05:04:05+02:00"}
    )
    assert there.timestamp == log.timestamp
    assert there.timestamp.tzinfo is UTC


def test_what_a_newer_server_adds_is_left_aside() -> None:
    flow = objects.Flow.model_validate({"name": "f", "colour": "green"})
    assert "colour" not in flow.model_dump()
