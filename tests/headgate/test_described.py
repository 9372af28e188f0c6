"""The description of the bus is what the registry of messages says, and is kept in the docs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema import Draft202012Validator, ValidationError

from events.streams import Streams
from events.wire.registry import MESSAGES, PROPOSALS, name_of
from headgate.bus.described import asyncapi, json_schema, written
from headgate.cli import main
from tests.support.sources import ROOT

REFERENCE = ROOT / "docs" / "reference"
GOLDEN = ROOT / "tests" / "events" / "golden"
DOCUMENT: Any = asyncapi()
SCHEMA: Any = json_schema()
KEPT = {"asyncapi": "asyncapi.json", "json-schema": "messages.schema.json"}


@pytest.mark.parametrize(("kind", "file"), KEPT.items())
def test_what_is_kept_in_the_docs_is_what_is_made(
    kind: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`headgate schema` prints what belongs there."""
    assert main(["schema", kind]) == 0
    assert (REFERENCE / file).read_text() == capsys.readouterr().out


def test_the_document_is_of_asyncapi() -> None:
    ApplicationSchema.model_validate(DOCUMENT)
    assert DOCUMENT["asyncapi"] == "3.0.0"


def references(tree: Any) -> Iterator[str]:
    """Whatever *tree* refers to."""
    if isinstance(tree, dict):
        for key, value in tree.items():  # pyright: ignore[reportUnknownVariableType]
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(tree, list):
        for value in tree:  # pyright: ignore[reportUnknownVariableType]
            yield from references(value)


@pytest.mark.parametrize("document", [DOCUMENT, SCHEMA], ids=KEPT)
def test_what_a_document_refers_to_is_in_it(document: Any) -> None:
    for reference in {*references(document)}:
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def test_every_proposal_may_be_sent_and_every_channel_has_an_operation() -> None:
    channels = DOCUMENT["channels"]
    assert {*channels["proposals"]["messages"]} == {name_of(each) for each in PROPOSALS}
    used = {each["channel"]["$ref"] for each in DOCUMENT["operations"].values()}
    assert used == {f"#/channels/{name}" for name in channels}


def test_the_addresses_are_the_keys() -> None:
    streams = Streams()
    keys = {
        "proposals": streams.proposals(0),
        "transitions": streams.transitions(0),
        "replies": streams.replies(0, "billing"),
        "dead_letters": streams.dead_letters(0),
    }
    for name, channel in DOCUMENT["channels"].items():
        address = channel["address"].replace("{partition}", "{0}")
        assert address.replace("{client}", "billing") == keys[name]


def goldens() -> list[str]:
    """Every message in the golden files that has a kind of its own."""
    found = [path.read_text() for path in sorted(GOLDEN.glob("*.json"))]
    return [each for each in found if json.loads(each).get("type") in MESSAGES]


def test_every_message_fits_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    kinds = {each["$ref"].rpartition("/")[2] for each in SCHEMA["oneOf"]}
    assert len(kinds) == len(MESSAGES)
    validator: Any = Draft202012Validator(SCHEMA)
    messages = [json.loads(each) for each in goldens()]
    assert len(messages) > len(PROPOSALS)
    for message in messages:
        validator.validate(message)


def test_what_is_no_message_does_not_fit() -> None:
    validator: Any = Draft202012Validator(SCHEMA)
    wrongs: list[Any] = [{"type": "x"}, {"type": "register_flow.v1"}, [], {"type": "flow.v9"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            validator.validate(wrong)


def test_the_document_ends_like_a_file() -> None:
    assert written({"b": 1, "a": 2}) == '{\n  "a": 2,\n  "b": 1\n}\n'
