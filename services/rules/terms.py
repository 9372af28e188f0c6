"""The terms of the rules: what a deployment of Headgate may set about them, and nobody else."""

from msgspec import Struct

from events.entities import CACHE_KEY_CHARACTERS_MAX


class Terms(Struct, frozen=True, kw_only=True):
    """How long rules make somebody wait, and how much they take.

    *slot_wait_seconds* is how long a run of a deployment whose limit is full waits,
    *grace_seconds* how long a slot is kept for a claimed run whose deployment does not say it.
    A task run waits for slots of its tags for *tag_wait_seconds* at most, whoever asks for slots
    of another limit for *wait_seconds_max*.
    """

    slot_wait_seconds: float = 30.0
    grace_seconds: float = 300.0
    tag_wait_seconds: float = 10.0
    wait_seconds_max: float = 30.0
    cache_key_characters_max: int = CACHE_KEY_CHARACTERS_MAX


TERMS = Terms()
