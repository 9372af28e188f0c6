"""Running: a process serves until it is asked to stop or cannot go on, and then ends cleanly."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop
from redis.exceptions import RedisError

from events.streams import Streams
from projections.store import Outdated
from services.patience import pause_s

from .. import clock, logs, wiring
from ..bus.connecting import connected, redis_of, service, streams_of
from ..bus.data_dir import owned
from ..bus.embedded import embedded
from ..errors import ForPeople
from ..settings import Settings
from .readiness import readiness

log = logging.getLogger(__name__)

Announce = Callable[[str], None]


def develop(settings: Settings, announce: Announce) -> None:
    """Everything in this process, on the data directory; *announce* is told the API's URL."""
    logs.configure(settings.log_level, settings.log_format)
    if settings.redis_url is not None:
        return _run(_develop(settings, settings.redis_url, announce))
    with owned(settings.root), embedded(settings.root, settings.redis_fsync) as url:
        return _run(_develop(settings, url, announce, alone=True))


def serve_gateway(settings: Settings, announce: Announce) -> None:
    """The HTTP and WebSocket API."""
    _serve(settings, lambda url: _gateway(settings, url, announce))


def serve_rule_processor(settings: Settings, announce: Announce) -> None:
    """The rules, on as many partitions as are this process's share."""
    del announce
    _serve(settings, lambda url: _rule_processor(settings, url))


def serve_projector(settings: Settings, announce: Announce) -> None:
    """The views."""
    del announce
    about = {"views": settings.views_url.split("@")[-1]}
    _serve(settings, lambda url: _watched(settings, url, "projector", wiring.projector, **about))


def serve_timers(settings: Settings, announce: Announce) -> None:
    """What becomes due."""
    del announce
    about = {"prefix": settings.prefix}
    _serve(settings, lambda url: _watched(settings, url, "timers", wiring.timers, **about))


def serve_notifier(settings: Settings, announce: Announce) -> None:
    """What notification policies want told."""
    del announce
    about = {"prefix": settings.prefix}
    _serve(settings, lambda url: _watched(settings, url, "notifier", wiring.notifier, **about))


def _serve(settings: Settings, service: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    logs.configure(settings.log_level, settings.log_format)
    with redis_of(settings) as url:
        _run(service(url))


def _run(main: Coroutine[Any, Any, None]) -> None:
    collect_seldom()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)
    except Outdated as error:
        raise ForPeople(f"{error}; `headgate rebuild` does, and may run meanwhile") from error


def collect_seldom() -> None:
    """Messages make thousands of objects, hardly any in cycles: looking for them took a tenth.

    What the imports made stays for ever, and is not looked at at all.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _develop(
    settings: Settings, url: str, announce: Announce, *, alone: bool = False
) -> None:
    started = clock.elapsed_s()
    stop = _asked_to_stop()
    if alone:
        await _clear_leases(settings, url)
    async with wiring.everything(settings, url, stop) as (api, broken):
        if not (broken.done() or stop.is_set()):
            announce(settings.public_api_url or api)
            took_s = round(clock.elapsed_s() - started, 3)
            log.info("ready", extra={"url": api, "seconds": took_s})
        await _until(stop, broken)
        log.info("stopping", extra={})


async def _gateway(settings: Settings, url: str, announce: Announce) -> None:
    streams = await _streams(settings, url)
    stop = _asked_to_stop()
    async with wiring.gateway(settings, streams, url) as http:
        announce(settings.public_api_url or http.url)
        log.info("gateway_started", extra={"url": http.url})
        await _until(stop, http.serving)
    log.info("gateway_stopped")


async def _watched(
    settings: Settings, url: str, name: str, start: Callable[..., Any], **about: Any
) -> None:
    """The service *name*, which *start* starts, as long as it runs; others see whether it serves.

    *about* is what is said of it when it has started.
    """
    streams = await _streams(settings, url)
    stop = _asked_to_stop()
    async with (
        start(settings, streams, url) as service,
        readiness(settings.host, settings.health_port, service.ready) as port,
    ):
        log.info("%s_started", name, extra={**about, "health_port": port})
        await _until(stop, service.running)
    log.info("%s_stopped", name)


async def _rule_processor(settings: Settings, url: str) -> None:
    streams = await _streams(settings, url)
    redis = connected(url, service(streams.prefix, "rule-processor"))
    try:
        processor = wiring.rule_processor(settings, streams, url, redis)
        async with readiness(settings.host, settings.health_port, processor.ready) as port:
            about = {"prefix": settings.prefix, "health_port": port}
            log.info("rule_processor_started", extra=about)
            await processor.run()
        log.info("rule_processor_stopped")
    finally:
        await redis.aclose()


async def _streams(settings: Settings, url: str) -> Streams:
    """The names of the log; a Redis that is away is waited for.

    Nobody else knows how many partitions there are, and a proposal in one that the log does not
    have would never be decided.
    """
    failures = 0
    while True:
        try:
            return await streams_of(settings, url)
        except (RedisError, OSError) as error:
            failures += 1
            log.warning("waiting_for_redis", extra={"because": str(error)})
            await asyncio.sleep(pause_s(failures))


def _asked_to_stop() -> asyncio.Event:
    """Set by Ctrl-C and by SIGTERM; a second Ctrl-C ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    return stop


async def _until(stop: asyncio.Event, running: "asyncio.Task[None]") -> None:
    """Return when asked to stop; raise what ended *running* before that."""
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait((asked, running), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if running.done() and not stop.is_set():
        running.result()


async def _clear_leases(settings: Settings, url: str) -> None:
    """Take over from a killed predecessor at once: on an embedded Redis there is nobody else."""
    streams, redis = await streams_of(settings, url), connected(url)
    try:
        await redis.delete(streams.workers, *(streams.lease(each) for each in streams.every()))
    finally:
        await redis.aclose()
