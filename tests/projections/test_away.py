"""A database that cannot be reached is told from one that has no views yet; neither tells more."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from projections.reads import Views
from projections.store import open_engine
from tests.support.rows import Database
from tests.support.servers import free_port


@pytest.mark.anyio
async def test_a_database_that_is_away_is_not_one_without_views() -> None:
    engine = open_engine(f"postgresql://127.0.0.1:{free_port()}/nowhere")
    with pytest.raises(OperationalError):
        await Views(engine).positions()
    engine.dispose()


def test_an_error_does_not_say_with_what_was_asked(new_database: Callable[[], Database]) -> None:
    """Errors are logged, and what is looked for may be anybody's."""
    asked = text("SELECT * FROM nowhere WHERE name = :name")
    with new_database().engine.connect() as connection, pytest.raises(DBAPIError) as refused:
        connection.execute(asked, {"name": "whoever"})
    assert "nowhere" in str(refused.value)
    assert "whoever" not in str(refused.value)
