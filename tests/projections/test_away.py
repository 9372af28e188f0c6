"""A database that cannot be reached is told from one that has no views yet."""

import pytest
from sqlalchemy.exc import OperationalError

from projections.reads import Views
from projections.store import open_engine
from tests.support.servers import free_port


@pytest.mark.anyio
async def test_a_database_that_is_away_is_not_one_without_views() -> None:
    engine = open_engine(f"postgresql://127.0.0.1:{free_port()}/nowhere")
    with pytest.raises(OperationalError):
        await Views(engine).positions()
    engine.dispose()
