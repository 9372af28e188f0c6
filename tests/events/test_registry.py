"""Every message has a name of its own, with a version, and the codec reads all of them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, json

from events.wire.codec import encode
from events.wire.registry import CHANGES, MESSAGES, PROPOSALS, SNAPSHOTS, name_of
from tests.support.strategies import messages


def test_no_two_messages_share_a_name() -> None:
    named = [*PROPOSALS, *CHANGES, *SNAPSHOTS]

    assert len({name_of(message) for message in named}) == len(named)
    assert set(MESSAGES.values()) >= set(named)


@pytest.mark.parametrize(("name", "message"), MESSAGES.items())
def test_a_name_is_the_class_in_snake_case_and_a_version(name: str, message: type) -> None:
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__).lower()

    assert re.fullmatch(rf"{words}\.v[1-9]\d*", name)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
@given(drawn=st.data())
def test_any_message_comes_back_from_the_wire_as_it_was(
    message: type[Struct], drawn: st.DataObject
) -> None:
    sent: Any = drawn.draw(messages(message))
    body = encode(sent)
    read = json.decode(body, type=message)

    assert read == sent
    assert encode(read) == body
