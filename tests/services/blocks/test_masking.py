"""A mask stands wherever there is a secret, and what it hides can be put back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.blocks.masking import MASK, is_deeper, kept, masked, unmasked

REFERENCE = {"$ref": {"block_document_id": "0190a5b2-6f2e-4a10-9a77-000000000093"}}


@pytest.mark.parametrize(
    ("fields", "value", "shown"),
    [
        (["a"], {"a": "x", "b": "y"}, {"a": MASK, "b": "y"}),
        (["a"], {"a": 0}, {"a": MASK}),
        (["a"], {"a": None}, {"a": None}),
        (["a"], {"a": {}}, {"a": MASK}),
        (["a"], {"a": {"k": "v", "l": [1], "n": {"m": 1}, "o": None}},
         {"a": {"k": MASK, "l": MASK, "n": {"m": MASK}, "o": None}}),
        (["a.b"], {"a": {"b": 1, "c": 2}}, {"a": {"b": MASK, "c": 2}}),
        (["a.b"], {"a": [{"b": 1, "c": 2}, 3]}, {"a": [{"b": MASK, "c": 2}, 3]}),
        (["a.b"], {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        (["a.*"], {"a": {"b": {"c": 1}}, "d": 1}, {"a": {"b": {"c": MASK}}, "d": 1}),
        (["a.*.b"], {"a": [{"b": 1}]}, {"a": MASK}),
        (["a.*"], {"a": "x"}, {"a": MASK}),
        (["*"], {"a": "x", "b": {"c": 1}}, {"a": MASK, "b": {"c": MASK}}),
        (["*"], {}, {}),
        (["a", "a.b"], {"a": {"b": 1, "c": 2}}, {"a": {"b": MASK, "c": MASK}}),
        (["a.b"], {"a": REFERENCE}, {"a": REFERENCE}),
        (["a"], {"a": REFERENCE}, {"a": REFERENCE}),
        (["a"], {"a": {"b": REFERENCE}}, {"a": {"b": REFERENCE}}),
        ([], {"a": 1}, {"a": 1}),
    ],
)  # fmt: skip
def test_everything_at_and_below_a_secret_field_is_masked(
    fields: list[str], value: dict[str, Any], shown: dict[str, Any]
) -> None:
    hidden, secrets = masked(value, fields)

    assert hidden == shown
    assert unmasked(hidden, secrets) == value


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.just(MASK),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc*"), inner, max_size=3)
    ),
)
objects = st.dictionaries(st.sampled_from("abc*"), values, max_size=3)
fields = st.lists(st.lists(st.sampled_from("abc*"), min_size=1, max_size=3).map(".".join))


@given(objects, fields)
def test_whatever_is_masked_can_be_put_back(value: dict[str, Any], secret: list[str]) -> None:
    hidden, secrets = masked(value, secret)

    assert unmasked(hidden, secrets) == value
    assert kept(hidden, value, secret) == value


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"a": MASK}, {"a": {"b": 1, "c": [2]}}),
        ({"a": {"b": MASK, "c": [3]}}, {"a": {"b": 1, "c": [3]}}),
        ({"a": {"z": MASK}}, {"a": {"z": MASK}}),
        ({"d": MASK}, {"d": MASK}),
        ({"l": [{"p": MASK}, {"p": MASK}]}, {"l": [{"p": "x"}, {"p": MASK}]}),
        ({}, {}),
    ],
)
def test_a_mask_keeps_the_secret_that_was_there(
    given_: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = {"a": {"b": 1, "c": [2]}, "d": 4, "l": [{"p": "x"}]}

    assert kept(given_, before, ["a", "l.p"]) == expected


@pytest.mark.parametrize(
    ("value", "depth"), [(1, 0), ({}, 0), ([1], 1), ({"a": [1, {"b": 2}]}, 3), ([[], [[1]]], 3)]
)
def test_the_depth_of_a_value_is_known(value: Any, depth: int) -> None:
    assert not is_deeper(value, depth)
    assert depth == 0 or is_deeper(value, depth - 1)
