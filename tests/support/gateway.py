"""Everything behind one gateway, in a thread of its own, on a Redis and an SQLite of the tests'."""

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from headgate import wiring
from headgate.settings import Settings

START_S = 20.0


class Running:
    """A gateway, a rule processor and a projector; *url* is the API's."""

    def __init__(self, redis_url: str, directory: Path, prefix: str, **settings: Any) -> None:
        self.redis_url = redis_url
        self.prefix = prefix
        self.url = ""
        self._settings = Settings(
            data_dir=directory, redis_url=redis_url, port=0, prefix=prefix, **settings
        )
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name=f"gateway {prefix}")

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            assert self._started.wait(START_S), "not started in time"
        except BaseException:
            self._end()  # a thread that is left would outlive its Redis, and keep the process
            raise
        if self._broken is not None:
            raise self._broken
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        if self._broken is not None and error is None:
            raise self._broken

    @property
    def socket_url(self) -> str:
        """Where WebSockets are."""
        return self.url.replace("http", "ws", 1)

    def client(self, **settings: Any) -> httpx.Client:
        """An HTTP client of the API."""
        return httpx.Client(base_url=self.url, timeout=20, **settings)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        try:
            async with wiring.everything(self._settings, self.redis_url) as (url, _):
                self.url = url
                self._started.set()
                await self._stop.wait()
        except BaseException as error:
            self._broken = error
            raise
        finally:
            self._started.set()
