"""Which entity a decision was about."""

from uuid import UUID


def id_of(subject: str) -> UUID:
    """The id in a key such as `flow:<id>`."""
    return UUID(subject.rpartition(":")[2])
