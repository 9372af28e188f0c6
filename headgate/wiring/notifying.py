"""The notifier, put together."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from events.streams import Streams
from services.blocks.sealing import Seal
from services.notifier import MARGIN, Claims, Courier, Notifier, Sender
from services.proposer import Proposer

from .. import clock
from ..bus.connecting import connected
from ..bus.encryption_key import encryption_key
from ..settings import Settings
from .parts import in_background, life, opened


class Notifying(NamedTuple):
    """Notifications are sent, or switched off; the task ends only when that cannot go on."""

    running: "asyncio.Task[None]"
    notifier: Notifier | None

    def ready(self) -> list[str]:
        """What keeps notifications from being sent, in words; empty when they are."""
        troubles = [] if self.notifier is None else self.notifier.troubles()
        return [f"notifier: {trouble}" for trouble in troubles]


@asynccontextmanager
async def notifier(
    settings: Settings, streams: Streams, url: str, api_url: str | None = None
) -> AsyncGenerator[Notifying]:
    """A notifier, running; *api_url* is where the API is, if the settings do not say it."""
    async with AsyncExitStack() as stack:
        notifier = None
        if settings.services_flow_run_notifications_enabled:
            notifier = await _made(settings, streams, url, api_url, stack)
        work = _idle() if notifier is None else notifier.run()
        running = await stack.enter_async_context(in_background(work, "notifier"))
        if notifier is not None:
            stack.push_async_callback(notifier.stop)
        yield Notifying(running, notifier)


async def _made(
    settings: Settings, streams: Streams, url: str, api_url: str | None, stack: AsyncExitStack
) -> Notifier:
    log = await stack.enter_async_context(opened(streams, url, "notifier"))
    redis = connected(url)
    stack.push_async_callback(redis.aclose)
    proposer = await stack.enter_async_context(
        Proposer(redis, streams, f"notifier-{life()}", clock.now)
    )
    attempt = timedelta(seconds=settings.services_flow_run_notifications_timeout_seconds)
    sender = Sender(attempt.total_seconds())
    stack.callback(sender.close)
    claims = Claims(log=log, proposer=proposer, now=clock.now, new_id=clock.new_id, attempt=attempt)
    here = api_url or f"http://{settings.host}:{settings.port}/api"
    courier = Courier(
        claims=claims,
        sender=sender,
        seal=Seal(encryption_key(settings)),
        api_url=settings.public_api_url or here,
    )
    stop_s = (attempt + MARGIN).total_seconds()
    return Notifier(
        redis=redis, log=log, claims=claims, courier=courier, now=clock.now, stop_s=stop_s
    )


async def _idle() -> None:
    """Until it is cancelled."""
    await asyncio.Event().wait()
