"""Fixtures of the views: databases of a test's own, on SQLite and on PostgreSQL."""

import os
from collections.abc import Callable, Generator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from projections.store import open_engine
from tests.support import containers
from tests.support.postgres import postgres_server
from tests.support.rows import Database
from tests.support.telling import Story
from tests.support.waiting import comes_true

NewUrl = Callable[[], str]

numbers = count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Generator[str]:
    """A PostgreSQL for the whole session."""
    running = containers.postgres_in_container if containers.wanted() else postgres_server
    with running() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[NewUrl]:
    """Makes empty databases, which go when the test ends."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / str(next(numbers))}.db"
        return
    server = make_url(request.getfixturevalue("postgres_url"))
    made: list[str] = []
    admin = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:

        def schema() -> str:
            made.append(f"test_{os.getpid()}_{next(numbers)}")
            connection.execute(f"CREATE SCHEMA {made[-1]}".encode())
            url = server.update_query_dict({"options": f"-csearch_path={made[-1]}"})
            return url.render_as_string(hide_password=False)

        yield schema
        for name in made:
            connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


@pytest.fixture
def new_database(new_url: NewUrl) -> Generator[Callable[[], Database]]:
    """Makes empty databases and opens them."""
    made: list[Database] = []

    def database() -> Database:
        made.append(Database(open_engine(new_url())))
        return made[-1]

    yield database
    for each in made:
        # a task that was cancelled leaves its thread at work, and its connection with it
        pool: Any = each.engine.pool
        assert comes_true(lambda pool=pool: pool.checkedout() == 0, 10), "a connection is not back"
        each.engine.dispose()


@pytest.fixture
def database_url(new_url: NewUrl) -> str:
    """An empty database."""
    return new_url()


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    """An empty database, open."""
    return new_database()


@pytest.fixture
def story() -> Story:
    """A log in which nothing has happened."""
    return Story()
