"""Headgate answers as the reference was once recorded to answer; `make parity` adds recordings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as blocking

from tests.parity.comparing import compare
from tests.parity.playing import Player
from tests.parity.script import recorded
from tests.parity.sides import OverHttp
from tests.support.gateway import Running
from tests.support.quiet import QUIET

RECORDINGS = sorted((Path(__file__).parents[2] / "parity" / "regressions").glob("*.json"))


@pytest.fixture(scope="module")
def alone(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway behind which nothing happens by itself."""
    with Running(redis_url, tmp_path_factory.mktemp("alone"), "test-alone", **QUIET) as running:
        yield running
    client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        client.unlink(*client.scan_iter("test-alone:*"))


@pytest.mark.anyio
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
async def test_an_answer_is_as_recorded(path: Path, alone: Running) -> None:
    recording = recorded(path)
    side = OverHttp(alone.url)
    try:
        ours = await Player(side, recording.steps).play(recording.expected)
    finally:
        await side.close()
    assert [str(each) for each in compare(recording.expected, ours)] == []
