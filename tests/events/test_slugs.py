"""Names for runs that were given none are two words, and the same for the same id."""

import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from events.slugs import slug_of


@given(st.uuids())
def test_a_slug_is_two_words_joined_by_a_dash(id: UUID) -> None:
    assert re.fullmatch(r"[a-z]+-[a-z]+", slug_of(id))


@given(st.uuids(), st.uuids())
def test_a_slug_depends_on_the_id_alone(id: UUID, another: UUID) -> None:
    before = slug_of(id)
    slug_of(another)

    assert slug_of(id) == before


def test_slugs_differ() -> None:
    assert len({slug_of(UUID(int=number)) for number in range(200)}) > 190
