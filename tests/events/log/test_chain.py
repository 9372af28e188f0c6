"""The chain: what follows is accepted, and any change to what was written is found."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from events.log import GENESIS, Entry, Head
from events.log.chain import broken_at, hash_of, sealed

CHAIN = sealed(
    Head(), 1_000, [(f"proposal-{number}", b'{"number":%d}' % number) for number in range(5)]
)


def flipped(text: str, place: int, bit: int) -> str:
    at = place % len(text)
    return text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :]


def test_a_hash_covers_the_one_before_the_id_and_the_decision() -> None:
    own = hash_of(GENESIS, "5-1", b"{}")

    assert own == "258f6f2a0b11d43114f336ca34260cab9629dac59473a5e35ecc001038d9aae0"
    assert len({own, hash_of("1" * 64, "5-1", b"{}"), hash_of(GENESIS, "5-2", b"{}")}) == 3
    assert own != hash_of(GENESIS, "5-1", b"{ }")


def test_sealed_entries_follow_from_the_head() -> None:
    head = Head(time_ms=900, position=7, hash="a" * 64)
    first, second = sealed(head, 1_000, [("p1", b"1"), ("p2", b"2")])

    assert (first.entry_id, second.entry_id) == ("1000-8", "1000-9")
    assert (first.previous, second.previous) == (head.hash, first.hash)
    assert broken_at(head, [first, second]) is None
    assert sealed(head, 1_000, []) == []


def test_an_intact_chain_is_not_broken_wherever_one_begins() -> None:
    assert broken_at(Head(), CHAIN) is None
    assert broken_at(Head(), []) is None
    head = Head(time_ms=1_000, position=3, hash=CHAIN[2].hash)
    assert broken_at(head, CHAIN[3:]) is None


@given(st.integers(0, 4), st.integers(0, 1_000), st.integers(0, 7))
def test_any_flipped_bit_of_a_decision_is_found(number: int, place: int, bit: int) -> None:
    body = bytearray(CHAIN[number].body)
    body[place % len(body)] ^= 1 << bit
    changed = structs.replace(CHAIN[number], body=bytes(body))

    assert broken_at(Head(), [*CHAIN[:number], changed, *CHAIN[number + 1 :]]) == changed


@given(
    st.integers(0, 4),
    st.sampled_from(["previous", "hash"]),
    st.integers(0, 1_000),
    st.integers(0, 6),
)
def test_any_flipped_bit_of_a_hash_is_found(number: int, field: str, place: int, bit: int) -> None:
    changed = structs.replace(
        CHAIN[number], **{field: flipped(getattr(CHAIN[number], field), place, bit)}
    )

    assert broken_at(Head(), [*CHAIN[:number], changed, *CHAIN[number + 1 :]]) == changed


@pytest.mark.parametrize(
    ("entries", "broken"),
    [
        (CHAIN[1:], CHAIN[1]),
        ([*CHAIN[:2], *CHAIN[3:]], CHAIN[3]),
        ([CHAIN[0], CHAIN[2], CHAIN[1]], CHAIN[2]),
        ([CHAIN[0], CHAIN[0]], CHAIN[0]),
    ],
    ids=["first missing", "one missing", "two swapped", "one twice"],
)
def test_what_is_missing_swapped_or_repeated_is_found(
    entries: Sequence[Entry], broken: Entry
) -> None:
    assert broken_at(Head(), entries) == broken


def test_a_time_that_goes_back_is_found_though_its_hashes_fit() -> None:
    first, second = sealed(Head(), 1_000, [("p1", b"1")])[0], b"2"
    head = Head(time_ms=1_000, position=1, hash=first.hash)
    early = sealed(head, 999, [("p2", second)])

    assert broken_at(Head(), [first, *early]) == early[0]


@pytest.mark.parametrize("id", ["nonsense", "1000-", "-1", "1000", "1000-x", "1000-01", "٣-1"])
def test_an_id_that_is_none_is_found_though_its_hash_fits(id: str) -> None:
    forged = structs.replace(CHAIN[0], entry_id=id, hash=hash_of(GENESIS, id, CHAIN[0].body))

    assert broken_at(Head(), [forged]) == forged
