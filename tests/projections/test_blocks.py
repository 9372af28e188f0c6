"""Blocks are listed by what they are, and by their types and schemas."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from events.proposals import AmendResource, RemoveResource, StoreResource
from events.queries import (
    BlockDocumentFilter,
    BlockDocumentQuery,
    BlockDocumentSort,
    BlockSchemaChecked,
    BlockSchemaFilter,
    BlockSchemaQuery,
    BlockTypeFilter,
    BlockTypeQuery,
    KindPage,
)
from events.queries.criteria import AllOf, Contains, Equals, IdIsAny, NameIs, TextIsAny
from events.resources.blocks import BlockDocument, BlockSchema, BlockType
from tests.support.examples import NOON
from tests.support.rows import Database
from tests.support.telling import Story, an_id

NewDatabase = Callable[[], Database]

ALL = (
    BlockType(id=an_id(1), name="Secret", slug="secret"),
    BlockType(id=an_id(2), name="Folder", slug="folder"),
    BlockSchema(id=an_id(3), checksum="sha256:a", block_type_id=an_id(1)),
    BlockSchema(
        id=an_id(4), checksum="sha256:b", block_type_id=an_id(2), capabilities=["read", "write"]
    ),
    BlockSchema(id=an_id(5), checksum="sha256:b", block_type_id=an_id(2), version="2"),
    BlockDocument(id=an_id(6), name="b", block_schema_id=an_id(3), block_type_id=an_id(1)),
    BlockDocument(id=an_id(7), name="a", block_schema_id=an_id(3), block_type_id=an_id(1)),
    BlockDocument(id=an_id(8), name="z", block_schema_id=an_id(4), block_type_id=an_id(2)),
    BlockDocument(
        id=an_id(9),
        name="anonymous-1",
        block_schema_id=an_id(5),
        block_type_id=an_id(2),
        is_anonymous=True,
    ),
)
"""Two types, three schemas and four documents, a minute apart."""

ANY = Equals()


@pytest.fixture
def told(story: Story) -> Story:
    """All of them."""
    for n, resource in enumerate(ALL):
        proposal = StoreResource(id=story.next_id(), resource=resource)
        story.tell(proposal, NOON + timedelta(minutes=n))
    return story


async def ids(database: Database, query: KindPage) -> list[int]:
    found = await database.views.resources(query)
    assert await database.views.count_resources(query) == len(found)
    return [next(n for n in range(20) if an_id(n) == one.id) for one in found]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("demands", "expected"),
    [
        ({}, [2, 1]),
        ({"block_types": BlockTypeFilter()}, [2, 1]),
        ({"block_types": BlockTypeFilter(name=Contains(like_="SEC"))}, [1]),
        ({"block_types": BlockTypeFilter(slug=TextIsAny(any_=["folder", "x"]))}, [2]),
        ({"block_schemas": BlockSchemaFilter()}, [2, 1]),
        ({"block_schemas": BlockSchemaFilter(capabilities=AllOf(all_=["read", "write"]))}, [2]),
        ({"block_schemas": BlockSchemaFilter(capabilities=AllOf(all_=["read", "no"]))}, []),
    ],
)
async def test_block_types_are_listed_by_what_is_asked(
    told: Story, new_database: NewDatabase, demands: dict[str, Any], expected: list[int]
) -> None:
    assert await ids(new_database().tell(told), BlockTypeQuery(**demands)) == expected


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("demands", "expected"),
    [
        (None, [5, 4, 3]),
        (BlockSchemaFilter(block_type_id=IdIsAny(any_=[an_id(2)])), [5, 4]),
        (BlockSchemaFilter(capabilities=AllOf()), [5, 4, 3]),
        (BlockSchemaFilter(version=TextIsAny(any_=["2"])), [5]),
        (
            BlockSchemaFilter(
                operator="or_", version=TextIsAny(any_=["2"]), id=IdIsAny(any_=[an_id(3)])
            ),
            [5, 3],
        ),
        (BlockSchemaChecked(checksum=TextIsAny(any_=["sha256:b"])), [5, 4]),
    ],
)
async def test_block_schemas_are_listed_by_what_is_asked(
    told: Story, new_database: NewDatabase, demands: BlockSchemaFilter, expected: list[int]
) -> None:
    assert await ids(new_database().tell(told), BlockSchemaQuery(block_schemas=demands)) == expected


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("demands", "expected"),
    [
        ({}, [7, 6, 8]),
        ({"sort": BlockDocumentSort.NAME_DESC}, [8, 6, 7]),
        ({"sort": BlockDocumentSort.BLOCK_TYPE_AND_NAME_ASC}, [8, 7, 6]),
        ({"block_documents": BlockDocumentFilter(is_anonymous=None)}, [7, 9, 6, 8]),
        ({"block_documents": BlockDocumentFilter(is_anonymous=ANY)}, [7, 9, 6, 8]),
        ({"block_documents": BlockDocumentFilter(is_anonymous=Equals(eq_=True))}, [9]),
        ({"block_documents": BlockDocumentFilter(name=NameIs(like_="A"))}, [7]),
        ({"block_documents": BlockDocumentFilter(block_type_id=IdIsAny(any_=[an_id(2)]))}, [8]),
        ({"block_types": BlockTypeFilter(slug=TextIsAny(any_=["secret"]))}, [7, 6]),
        ({"block_schemas": BlockSchemaFilter(capabilities=AllOf(all_=["write"]))}, [8]),
        ({"block_schemas": BlockSchemaFilter(id=IdIsAny(any_=[an_id(3)]))}, [7, 6]),
    ],
)
async def test_block_documents_are_listed_by_what_is_asked(
    told: Story, new_database: NewDatabase, demands: dict[str, Any], expected: list[int]
) -> None:
    assert await ids(new_database().tell(told), BlockDocumentQuery(**demands)) == expected


@pytest.mark.anyio
async def test_a_document_that_moves_to_another_schema_goes_with_that_one(
    told: Story, new_database: NewDatabase
) -> None:
    moved = AmendResource(
        id=told.next_id(),
        kind="block_document",
        resource_id=an_id(8),
        fields={"block_schema_id": str(an_id(5))},
    )
    told.tell(moved)
    told.tell(RemoveResource(id=told.next_id(), kind="block_schema", resource_id=an_id(4)))
    assert await ids(new_database().tell(told), BlockDocumentQuery()) == [7, 6, 8]

    told.tell(RemoveResource(id=told.next_id(), kind="block_type", resource_id=an_id(2)))
    database = new_database().tell(told)
    everything = BlockDocumentFilter(is_anonymous=None)

    assert await ids(database, BlockDocumentQuery(block_documents=everything)) == [7, 6]
    assert await ids(database, BlockSchemaQuery()) == [3]
    assert await ids(database, BlockTypeQuery()) == [1]


@pytest.mark.anyio
async def test_capabilities_are_found_beside_ones_that_postgresql_cannot_hold(
    told: Story, new_database: NewDatabase
) -> None:
    schema = BlockSchema(
        id=an_id(10), checksum="c", block_type_id=an_id(1), capabilities=["re\0ad", "write"]
    )
    told.tell(StoreResource(id=told.next_id(), resource=schema), NOON + timedelta(hours=1))
    database = new_database().tell(told)
    for capability, expected in {"write": [10, 4], "re\0ad": [10], "read": [4]}.items():
        demands = BlockSchemaFilter(capabilities=AllOf(all_=[capability]))
        assert await ids(database, BlockSchemaQuery(block_schemas=demands)) == expected
