"""The only place that constructs: settings go in, running services come out.

Each service is an asynchronous context manager: entering starts it, leaving lets it finish what it
holds. The order in which they are entered is the order of the data's flow turned round, so that
whoever asks stops first.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from events.log.redis import RedisEventLog
from events.log.told import Told
from events.streams import Streams
from projections.reads import Views, ViewsAbsent
from projections.store import Store
from projections.told import ToldWorker
from projections.views import PROJECTIONS
from projections.worker import Worker
from services.gateway import (
    AllowList,
    Cors,
    Csrf,
    GatewayLimits,
    Guards,
    create_app,
    guarded,
)
from services.gateway.background import TaskWorkers, Waiting
from services.patience import end, together
from services.proposer import Proposer
from services.rule_processor import RuleProcessor
from services.timers import Timers

from .. import clock
from ..bus.connecting import connected, service, streams_of
from ..bus.encryption_key import EncryptionKeyInvalid, encryption_key
from ..serving.http import Http
from ..settings import Settings
from .notifying import notifier
from .parts import in_background, life, opened, views_of
from .terms import limits_of, periods_of, spans_of, terms_of, timers_off

READY_POLL_S = 0.005

OUTAGES = (OperationalError, ViewsAbsent)
"""Errors of the views after which asking again may help."""


def rule_processor(settings: Settings, streams: Streams, url: str, redis: Any) -> RuleProcessor:
    """A rule processor, to be started or run."""
    return RuleProcessor(
        url=url,
        redis=redis,
        log=RedisEventLog(redis, streams),
        name=life(),
        now=clock.now,
        terms=terms_of(settings),
    )


def keep(settings: Settings) -> timedelta:
    """How long events are kept."""
    return timedelta(seconds=settings.events_retention_period)


def told_on(settings: Settings, streams: Streams, redis: Any) -> Told:
    """Where events are told."""
    return Told(redis, streams, settings.events_retention_period * 1_000)


class Projector(NamedTuple):
    """The views follow the log and what is told; the task ends only when it cannot go on."""

    running: "asyncio.Task[None]"
    worker: Worker
    told: ToldWorker

    def ready(self) -> list[str]:
        """What keeps the views from following, in words; empty when they do."""
        troubles = {"views": self.worker.trouble, "events": self.told.trouble}
        return [f"{of}: {why}" for of, why in troubles.items() if why is not None]


@asynccontextmanager
async def projector(settings: Settings, streams: Streams, url: str) -> AsyncGenerator[Projector]:
    """A projector, running."""
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(opened(streams, url, "projector"))
        store = Store(stack.enter_context(views_of(settings)))
        redis = connected(url)
        stack.push_async_callback(redis.aclose)
        away = (RedisError, OSError)
        worker = Worker(log, store, PROJECTIONS, away)
        told = ToldWorker(told_on(settings, streams, redis), store, clock.now, keep(settings), away)
        following = in_background(together(worker.run(), told.run()), "projector")
        yield Projector(await stack.enter_async_context(following), worker, told)


class Clockwork(NamedTuple):
    """Timers are set and fire; the task ends only when it cannot go on, and says why."""

    running: "asyncio.Task[None]"
    timers: Timers

    def ready(self) -> list[str]:
        """What keeps timers from firing, in words; empty when they do."""
        return [f"timers: {trouble}" for trouble in self.timers.troubles()]


@asynccontextmanager
async def timers(settings: Settings, streams: Streams, url: str) -> AsyncGenerator[Clockwork]:
    """Timers, running."""
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(opened(streams, url, "timers"))
        redis = connected(url)
        stack.push_async_callback(redis.aclose)
        proposer = await stack.enter_async_context(
            Proposer(redis, streams, f"timers-{life()}", clock.now)
        )
        timers = Timers(
            redis=redis,
            log=log,
            proposer=proposer,
            views=Views(stack.enter_context(views_of(settings))),
            now=clock.now,
            spans=spans_of(settings),
            limits=limits_of(settings),
            off=timers_off(settings),
            periods=periods_of(settings),
            replan=timedelta(seconds=settings.services_scheduler_loop_seconds),
            plan_max=settings.services_scheduler_deployment_batch_size,
            ask_max=settings.services_scheduler_insert_batch_size,
            away=OUTAGES,
        )
        running = await stack.enter_async_context(in_background(timers.run(), "timers"))
        yield Clockwork(running, timers)


def guards_of(settings: Settings, key: str | None) -> Guards:
    """Who is kept out of the gateway; tokens are signed with the *key*."""
    csrf = None
    if settings.csrf_protection_enabled:
        if key is None:
            raise EncryptionKeyInvalid("CSRF tokens need a key: set HEADGATE_ENCRYPTION_KEY")
        csrf = Csrf(key, timedelta(seconds=settings.csrf_token_expiration), clock.now)
    cors = Cors(
        origins=settings.cors_allowed_origins,
        methods=settings.cors_allowed_methods,
        headers=settings.cors_allowed_headers,
    )
    return Guards(
        proxies=settings.trusted_proxies,
        networks=settings.allowed_networks,
        cors=cors if cors.origins else None,
        per_second_max=settings.requests_per_second_max,
        burst_max=settings.requests_burst_max,
        csrf=csrf,
        allow_list=AllowList(clock.now, is_enforced=settings.ip_allowlist_enforced),
    )


@asynccontextmanager
async def gateway(settings: Settings, streams: Streams, url: str) -> AsyncGenerator[Http]:
    """The API answers; whoever is connected is told when it ends."""
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(opened(streams, url, "gateway"))
        redis = connected(url)
        stack.push_async_callback(redis.aclose)
        timeout_s = settings.reply_timeout_ms / 1000
        proposer = await stack.enter_async_context(
            Proposer(redis, streams, f"gateway-{life()}", clock.now, timeout_s=timeout_s)
        )
        secret = settings.api_auth_string
        limits = GatewayLimits(
            public_api_url=settings.public_api_url,
            body_bytes_max=settings.body_bytes_max,
            parameters_bytes_max=settings.api_max_parameter_size,
            views_wait_s=settings.views_wait_ms / 1000,
            builtin_block_types=settings.builtin_block_types,
            gzip_bytes_min=settings.gzip_bytes_min or sys.maxsize,
        )
        key = encryption_key(settings)
        guards = guards_of(settings, key)
        app = create_app(
            proposer=proposer,
            log=log,
            waiting=Waiting(redis, streams),
            task_workers=TaskWorkers(redis, streams, clock.now),
            views=Views(stack.enter_context(views_of(settings))),
            told=told_on(settings, streams, redis),
            now=clock.now,
            new_id=clock.new_id,
            limits=limits,
            encryption_key=key,
            auth_string=secret.get_secret_value() if secret else None,
            keys_required=settings.api_keys_required,
            outages=OUTAGES,
            csrf=guards.csrf,
            allow_list=guards.allow_list,
            origins=settings.cors_allowed_origins,
        )
        http = Http(guarded(app, guards), settings.host, settings.port, limits)
        yield await stack.enter_async_context(http)


@asynccontextmanager
async def everything(
    settings: Settings, url: str, stop: asyncio.Event | None = None
) -> AsyncGenerator[tuple[str, Any]]:
    """All services in this event loop; yields the API's URL and what ends when one is broken.

    Until they are ready it waits, unless one is broken, or *stop* is set, before.
    """
    stop = stop or asyncio.Event()
    streams = await streams_of(settings, url)
    async with AsyncExitStack() as stack:
        redis = connected(url, service(streams.prefix, "rule-processor"))
        stack.push_async_callback(redis.aclose)
        await RedisEventLog(redis, streams).create()
        views = await stack.enter_async_context(projector(settings, streams, url))
        processor = rule_processor(settings, streams, url, redis)
        await stack.enter_async_context(processor)
        clockwork = await stack.enter_async_context(timers(settings, streams, url))
        http = await stack.enter_async_context(gateway(settings, streams, url))
        telling = await stack.enter_async_context(notifier(settings, streams, url, http.url))
        running = (views.running, clockwork.running, telling.running)
        broken = asyncio.create_task(_broken(processor, *running))
        stack.push_async_callback(end, broken)
        while processor.ready() or views.ready():
            if broken.done() or stop.is_set():
                break
            await asyncio.sleep(READY_POLL_S)
        yield http.url, broken


async def _broken(processor: RuleProcessor, *running: "asyncio.Task[None]") -> None:
    """Return when a service has stopped by itself; leaving its context then raises why."""
    stopped = asyncio.create_task(processor.broken.wait())
    await asyncio.wait((*running, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
