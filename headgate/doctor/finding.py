"""A finding: one thing that was looked at, how it is, and what to do when it is wrong."""

from msgspec import Struct


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. *mend* says what to do, and is there when it is wrong."""

    about: str
    said: str
    mend: str | None = None


def fine(about: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(about=about, said=said)


def wrong(about: str, said: str, mend: str) -> Finding:
    """It is not as it should be, and *mend* makes it so."""
    return Finding(about=about, said=said, mend=mend)
