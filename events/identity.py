"""Ids derived from what they identify, never invented here; and where a run lives."""

from datetime import datetime
from hashlib import blake2b
from typing import Annotated
from uuid import UUID, SafeUUID, uuid5

from msgspec import Meta

from .instants import millis_of

ProposalId = Annotated[str, Meta(min_length=1, max_length=200)]
"""Chosen by the producer; proposing the same id again yields the first answer."""

NAMESPACE = UUID("5f0c6d3e-2f0b-5f6e-9d0a-8d6a54b9c0de")
"""The root of the name-based ids below. Part of the storage format."""

_FREE_BITS = ~(0xF << 76) & ~(0x3 << 62)
_VERSION_7 = 0x7 << 76 | 0x2 << 62
_set = object.__setattr__
_UNKNOWN = SafeUUID.unknown  # to get at a member of an enum costs as much as a call


def derived_id(at: datetime, *parts: object) -> UUID:
    """A UUIDv7 of the instant *at* whose random part is a hash of *parts*.

    The same arguments give the same id, and ids sort by time.
    """
    digest = blake2b(repr(parts).encode(), digest_size=10).digest()
    bits = (millis_of(at) << 80 | int.from_bytes(digest)) & _FREE_BITS | _VERSION_7
    if not 0 <= bits < 1 << 128:
        raise ValueError(f"no id holds the instant {at}")
    # `UUID(int=bits)` takes twice as long, and every decision derives one
    id = UUID.__new__(UUID)
    _set(id, "int", bits)
    _set(id, "is_safe", _UNKNOWN)
    return id


def flow_run_id_of(flow_id: UUID, idempotency_key: str) -> UUID:
    """The id of the one flow run that *idempotency_key* may make for a flow."""
    return uuid5(NAMESPACE, f"flow_run/{flow_id}/{idempotency_key}")


def task_run_id_of(flow_run_id: UUID | None, task_key: str, dynamic_key: str) -> UUID:
    """The id of a task run that the server makes for its natural key."""
    return uuid5(NAMESPACE, f"task_run/{flow_run_id or ''}/{task_key}/{dynamic_key}")


def cache_id_of(key: str) -> UUID:
    """The id of what is cached under *key*; it lives where a run with this id would."""
    return uuid5(NAMESPACE, f"task_cache/{key}")


def tags_lease_id_of(task_run_id: UUID) -> UUID:
    """The id of the one lease by which a task run holds slots of its tags."""
    return uuid5(NAMESPACE, f"lease/tags/{task_run_id}")


def artifact_collection_id_of(key: str) -> UUID:
    """The id of all artifacts that have a key."""
    return uuid5(NAMESPACE, f"artifact_collection/{key}")


def fraction_of(*parts: object) -> float:
    """A hash of *parts* as a number from 0 up to 1, without 1: chance that can be replayed."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53


def partition_of(id: UUID, partitions: int) -> int:
    """The partition of the run *id*: its last four hexadecimal digits modulo *partitions*.

    Any producer, a person included, can compute it: UUIDs of versions 4, 5 and 7 end in
    random bits.
    """
    return (id.int & 0xFFFF) % partitions
