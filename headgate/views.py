"""The database of the views as a person meets it: what is wrong with it is said in one line."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from projections.reads import ViewsAbsent
from projections.store import open_engine

from .errors import ForPeople
from .settings import masked


class ViewsUnusable(ForPeople):
    """The database of the views cannot be used; the message says which and why."""


def opened(url: str) -> Engine:
    """The database at *url*; it is connected to when it is first used."""
    try:
        return open_engine(url)
    except OSError as error:
        raise _unusable(url, error.strerror or str(error)) from error
    except (ArgumentError, ValueError):
        raise _unusable(url, "it is no URL of a database") from None


@contextmanager
def views_at(url: str) -> Generator[Engine]:
    """The database at *url*, closed in the end; an error of it is for people."""
    engine = opened(url)
    try:
        yield engine
    except ViewsAbsent as error:
        raise ViewsUnusable(str(error)) from error
    except SQLAlchemyError as error:
        raise _unusable(url, said(error)) from error
    finally:
        engine.dispose()


def said(error: Exception) -> str:
    """What the database said, its first line: the others are advice about its client."""
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]


def _unusable(url: str, why: str) -> ViewsUnusable:
    return ViewsUnusable(
        f"the views in {masked(url)} cannot be used: {why}; `headgate doctor` says what is wrong"
    )
