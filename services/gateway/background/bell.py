"""A bell: who listens before he looks misses nothing that is rung for while he looks."""

import asyncio


class Ring:
    """What one listener waits for."""

    def __init__(self, rung: asyncio.Event) -> None:
        self._rung = rung

    async def wait(self, seconds: float) -> None:
        """Until the bell is rung, or for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            pass


class Bell:
    """Rung for all who listen."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def listen(self) -> Ring:
        """The next ring from now on."""
        return Ring(self._rung)

    def ring(self) -> None:
        """Wake all who listen."""
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()
