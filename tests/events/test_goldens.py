"""What was ever written can be read, is written the same way again, and folds to the same state.

The files in golden/ are added to and never edited or deleted. A message has two: with every field,
and with the least it needs. A retired shape keeps its files; what is added to a shape, with a
default, is in a third one.
"""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw, Struct, json, structs

from events.decisions import Recorded
from events.entities import Entity
from events.evolve import evolve
from events.log import Entry, Head
from events.log.chain import broken_at
from events.wire.codec import decode_decision, decode_proposal, encode
from events.wire.registry import MESSAGES, PROPOSALS, name_of
from events.wire.snapshots import entity_of, fields_of, written

GOLDEN = Path(__file__).parent / "golden"
MESSAGE_FILES = sorted(path.name for path in GOLDEN.glob("*.v*.json"))


class RecordedLine(Struct, frozen=True, kw_only=True):
    """One line of the recorded history: an entry, its decision as JSON within the line."""

    entry_id: str
    proposal_id: str
    previous: str
    hash: str
    decision: Raw


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes().removesuffix(b"\n")


HISTORIES = {"history": (20, 7), "deletions": (16, 3)}
"""The recorded histories, how many decisions they have, and how many entities are left."""

each_history = pytest.mark.parametrize("name", HISTORIES)


def history(name: str) -> list[Entry]:
    lines = json.Decoder(RecordedLine).decode_lines(golden(f"{name}.jsonl"))
    return [
        Entry(
            entry_id=line.entry_id,
            proposal_id=line.proposal_id,
            body=bytes(line.decision),
            previous=line.previous,
            hash=line.hash,
        )
        for line in lines
    ]


def folded(entries: list[Entry]) -> dict[str, bytes]:
    """The snapshots that lie beside a log of *entries*."""
    known: dict[str, Entity] = {}
    stored: dict[str, bytes] = {}
    for entry in entries:
        time_ms, _, position = entry.entry_id.partition("-")
        recorded = Recorded(
            partition=0,
            position=int(position),
            time_ms=int(time_ms),
            decision=decode_decision(entry.body),
        )
        for key, entity in evolve(known, recorded).items():
            if entity is None:
                del known[key]
                for field in fields_of(key):
                    del stored[field]
                continue
            stored.update(written(key, known.get(key), entity))
            known[key] = entity
    return stored


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_message_has_a_golden_with_all_and_one_with_the_least(name: str) -> None:
    assert f"{name}.json" in MESSAGE_FILES
    assert f"{name}.least.json" in MESSAGE_FILES


@pytest.mark.parametrize("name", MESSAGE_FILES)
def test_a_golden_is_written_again_as_it_was(name: str) -> None:
    message: Any = MESSAGES[".".join(name.split(".")[:2])]

    assert encode(json.decode(golden(name), type=message)) == golden(name)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_the_golden_with_all_names_every_field(name: str) -> None:
    written_fields: set[str] = set()
    for path in GOLDEN.glob(f"{name}.*json"):
        written_fields |= json.decode(path.read_bytes(), type=dict[str, Any]).keys()
    fields = {field.name for field in structs.fields(MESSAGES[name])}

    assert fields <= written_fields, "write a golden of the new shape"


@pytest.mark.parametrize("message", PROPOSALS)
def test_a_golden_proposal_is_read_off_the_bus(message: type[Struct]) -> None:
    name = name_of(message)

    assert type(decode_proposal(golden(f"{name}.json"))) is message
    assert type(decode_proposal(golden(f"{name}.least.json"))) is message


@each_history
def test_the_recorded_history_is_an_intact_chain(name: str) -> None:
    entries = history(name)

    assert len(entries) == HISTORIES[name][0]
    assert broken_at(Head(), entries) is None


@each_history
def test_each_recorded_decision_is_written_again_as_it_was(name: str) -> None:
    for entry in history(name):
        assert encode(decode_decision(entry.body)) == entry.body


@each_history
def test_the_recorded_history_folds_to_the_state_that_was_recorded(name: str) -> None:
    expected = json.decode(golden(f"{name}.folded.json"), type=dict[str, Raw])

    assert folded(history(name)) == {field: bytes(value) for field, value in expected.items()}


@each_history
def test_the_recorded_snapshots_are_read_as_entities(name: str) -> None:
    stored = json.decode(golden(f"{name}.folded.json"), type=dict[str, Raw])
    keys = [field for field in stored if not field.endswith(":attributes")]

    assert len(keys) == HISTORIES[name][1]
    for key in keys:
        entity = entity_of(key, [bytes(stored[field]) for field in fields_of(key)])
        assert entity is not None
        assert dict(written(key, None, entity)) == {
            field: bytes(stored[field]) for field in fields_of(key)
        }


def test_goldens_are_added_to_and_never_edited() -> None:
    lines = [line.split("  ", 1) for line in (GOLDEN / "SHA256SUMS").read_text().splitlines()]
    listed = {name: digest for digest, name in lines}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLDEN.glob("*.json*")
    }

    assert found == listed, "new files: add their lines, with `sha256sum *.json* > SHA256SUMS`"
