"""Headgate answers as the reference was once recorded to answer; `make parity` adds recordings."""

from pathlib import Path

import pytest

from tests.parity.comparing import compare
from tests.parity.playing import Player
from tests.parity.script import recorded
from tests.parity.sides import OverHttp
from tests.support.gateway import Running

RECORDINGS = sorted((Path(__file__).parents[2] / "parity" / "regressions").glob("*.json"))


@pytest.mark.anyio
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
async def test_an_answer_is_as_recorded(path: Path, gateway: Running) -> None:
    recording = recorded(path)
    side = OverHttp(gateway.url)
    try:
        ours = await Player(side, recording.steps).play(recording.expected)
    finally:
        await side.close()
    assert [str(each) for each in compare(recording.expected, ours)] == []
