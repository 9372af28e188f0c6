"""Blocks go with their schemas and those with their types; a block may move to another schema."""

from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from events.changes import ResourceRemoved
from events.decisions import Outcome
from events.entities import Members
from events.proposals import AmendResource, RemoveResource, StoreResource
from events.resources.blocks import BlockDocument, BlockSchema, BlockType, ResultStorage
from events.resources.registry import key_of, members_key
from services.rules import needs
from tests.support.case import Case
from tests.support.telling import an_id

TYPE = BlockType(id=an_id(1), name="Login", slug="login")
OLD = BlockSchema(id=an_id(2), checksum="sha256:a", block_type_id=TYPE.id)
NEW = BlockSchema(id=an_id(3), checksum="sha256:b", block_type_id=TYPE.id)
BLOCK = BlockDocument(id=an_id(4), name="there", block_schema_id=OLD.id, block_type_id=TYPE.id)
OTHER = structs.replace(BLOCK, id=an_id(5), name="elsewhere")
STORAGE = ResultStorage(id=an_id(6), name="default", block_document_id=BLOCK.id)


def store(resource: Any, **how: Any) -> StoreResource:
    given: dict[str, Any] = {"id": f"store-{resource.id}", **how}
    return StoreResource(resource=resource, **given)


def move(to: UUID, **how: Any) -> AmendResource:
    fields = {"block_schema_id": str(to)}
    return AmendResource(
        id="move", kind="block_document", resource_id=BLOCK.id, fields=fields, **how
    )


def below(case: Case, kind: str, id: UUID) -> Any:
    return case.known.get(members_key(kind, id))


@pytest.fixture
def blocks(case: Case) -> Case:
    """A type with two schemas, two blocks of the older one, and one of them stores results."""
    case.asked(*(store(each) for each in (TYPE, OLD, NEW, BLOCK, OTHER, STORAGE)))
    return case


def test_a_block_that_changes_its_schema_goes_with_the_new_one(blocks: Case) -> None:
    blocks.asked(move(NEW.id))

    assert below(blocks, "block_document", OLD.id) == Members(ids=(OTHER.id,))
    assert below(blocks, "block_document", NEW.id) == Members(ids=(BLOCK.id,))


def test_a_list_that_the_last_one_leaves_is_gone(blocks: Case) -> None:
    blocks.asked(
        RemoveResource(id="remove", kind="block_document", resource_id=OTHER.id), move(NEW.id)
    )

    assert below(blocks, "block_document", OLD.id) is None


def test_moving_needs_the_lists_of_both_schemas(blocks: Case) -> None:
    for proposal in (
        move(NEW.id),
        store(
            structs.replace(BLOCK, block_schema_id=NEW.id),
            if_exists="amend",
            given=["block_schema_id"],
        ),
    ):
        needed = needs(proposal, blocks.known)
        for schema in (OLD, NEW):
            assert members_key("block_document", schema.id) in needed
        assert key_of(NEW) in needed


def test_a_block_moves_only_to_a_schema_that_there_is(blocks: Case) -> None:
    decision = blocks.decided(move(an_id(9)))

    assert (decision.outcome, decision.rule) == (Outcome.REJECT, "KnowParents")
    assert decision.reason == f"There is no block schema {an_id(9)}."


def test_the_default_storage_is_another_block_when_it_is_stored_again(blocks: Case) -> None:
    another = structs.replace(STORAGE, id=an_id(7), block_document_id=OTHER.id)
    blocks.asked(
        store(another, id="again", if_exists="amend", given=["block_document_id"]),
        RemoveResource(id="remove", kind="block_document", resource_id=BLOCK.id),
    )

    kept = blocks.known[key_of(STORAGE)]
    assert isinstance(kept, ResultStorage)
    assert kept.block_document_id == OTHER.id


def test_a_type_takes_all_that_is_below_it_along(blocks: Case) -> None:
    decision = blocks.decided(RemoveResource(id="remove", kind="block_type", resource_id=TYPE.id))

    gone = [(each.kind, each.id) for each in decision.changes if isinstance(each, ResourceRemoved)]
    assert gone == [
        ("result_storage", STORAGE.id),
        ("block_document", BLOCK.id),
        ("block_document", OTHER.id),
        ("block_schema", OLD.id),
        ("block_schema", NEW.id),
        ("block_type", TYPE.id),
    ]
    assert not [key for key in blocks.known if "block" in key or "storage" in key]


def test_what_is_unique_belongs_to_one(blocks: Case) -> None:
    for taken in (TYPE, OLD, BLOCK):
        decision = blocks.decided(store(structs.replace(taken, id=an_id(8)), id=f"x-{taken.id}"))
        assert (decision.outcome, decision.rule) == (Outcome.REJECT, "KeepNamesUnique")
    version = structs.replace(OLD, id=an_id(8), version="2")
    assert blocks.decided(store(version)).outcome is Outcome.ACCEPT


def test_a_block_keeps_its_name_and_type(blocks: Case) -> None:
    named = AmendResource(
        id="name", kind="block_document", resource_id=BLOCK.id, fields={"name": "x"}
    )

    blocks.when(named)
    blocks.then_undecidable("name cannot be amended", "fields.name")
