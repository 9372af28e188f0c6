"""What a real server answers is read into every class, and nothing of it is lost or changed."""

from enum import Enum
from typing import Any, cast

import httpx
import pytest
from pydantic import BaseModel

from headgate import objects
from tests.headgate.objects.test_table import CLASSES, Described, each_class
from tests.support.answers import Answers, answers


@pytest.fixture(scope="session")
def answered(api: httpx.Client) -> Answers:
    """An answer for each class."""
    return answers(api)


def kept(answer: Any, dumped: Any) -> bool:
    """Whether all that was answered is in what was *dumped*."""
    if isinstance(answer, dict) and isinstance(dumped, dict):
        shown = cast("dict[str, Any]", dumped)
        given = cast("dict[str, Any]", answer)
        return all(name in shown and kept(each, shown[name]) for name, each in given.items())
    if isinstance(answer, list) and isinstance(dumped, list):
        both = zip(cast("list[Any]", answer), cast("list[Any]", dumped), strict=True)
        return all(kept(one, other) for one, other in both)
    if isinstance(answer, float):
        return dumped == pytest.approx(answer, abs=1e-6)
    return answer == dumped


@each_class
def test_an_answer_is_read_whole(described: Described, answered: Answers) -> None:
    answer, found = answered[described.name], getattr(objects, described.name)
    if issubclass(found, Enum):
        assert found(answer).value == answer
        return
    read = cast("type[BaseModel]", found).model_validate(answer)
    dumped = read.model_dump(mode="json", by_alias=True)
    for row in described.rows:
        assert row.name in answer, row.name
    for name in answer if described.name != "StateBaseModel" else ["id"]:
        assert kept(answer[name], dumped[name]), (name, answer[name], dumped.get(name))


@pytest.mark.parametrize(
    "name", ["TaskRun", "CountByState", "IPAllowlistEntry", "WorkQueueStatusDetail"]
)
def test_what_the_table_leaves_out_is_read_too(name: str, answered: Answers) -> None:
    read = getattr(objects, name).model_validate(answered[name])
    assert kept(answered[name], read.model_dump(mode="json"))


def test_there_is_an_answer_for_every_class(answered: Answers) -> None:
    assert {each.name for each in CLASSES} - answered.keys() == set()
