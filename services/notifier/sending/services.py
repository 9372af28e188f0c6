"""Services that people talk on, by the URLs that Apprise knows them by.

Apprise is loaded with the first notification that needs it, and works in threads of its own: what
it says of an attempt is a text, of which no more is taken than whether it arrived.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .addresses import PrivateAddress, public_address
from .said import AGAIN_AFTER, SENT, Message, Said, again, failed, unknown

THREADS_MAX = 32

READ_S = 5.0
"""How long it may take to read a URL."""

GRACE_S = 1.0
"""How much longer Apprise may take to say that it took too long."""

LOCAL = frozenset(
    {
        *("NotifyBlink1", "NotifyDBus", "NotifyGLib", "NotifyGnome", "NotifyMacOSX"),
        *("NotifySyslog", "NotifyWindows"),
    }
)
"""What would reach the machine of the notifier itself."""

OTHER_HOSTS = frozenset({"smtp"})
"""What a URL says after its `?` when it goes to another host than it begins with."""

_status = re.compile(r"error[= ](\d{3})")
_no_connection = re.compile(
    r"NewConnectionError|ConnectTimeoutError|NameResolutionError|Connection refused"
)
_log = logging.getLogger(__name__)


class Services:
    """Sends through Apprise."""

    def __init__(self, threads: int = THREADS_MAX) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="apprise")
        self.is_loaded = False

    def close(self) -> None:
        """Take no more; what is being sent may still arrive."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def load(self) -> None:
        """Load Apprise with its hundreds of services, which takes seconds."""
        await self._run(_service, "json://localhost", timeout_s=None)
        self.is_loaded = True

    async def sent(self, message: Message, timeout_s: float) -> Said | None:
        """What became of it; None when Apprise knows no service by that URL."""
        service = await self._run(_service, message.data["url"], timeout_s=READ_S)
        if service is None:
            return None
        if isinstance(service, Said):
            return service if service.is_again else failed("the block's url could not be read")
        if type(service).__name__ in LOCAL:
            return failed("the service is one of the notifier's own machine")
        if len(getattr(service, "template", None) or ()):
            return failed("a template of a file is not read")
        if message.data.get("allow_private_urls") is False:
            try:
                await _to_public(message)
            except PrivateAddress as error:
                return failed(str(error))
        return await self._run(_attempt, service, message, timeout_s, timeout_s=timeout_s)

    async def _run(self, work: Callable[..., Any], *given: Any, timeout_s: float | None) -> Any:
        """What *work* gives, or what there is to say when it fails or takes too long."""
        begun = self._threads.submit(work, *given)
        working = asyncio.wrap_future(begun)
        limit_s = None if timeout_s is None else timeout_s + GRACE_S
        await asyncio.wait((working,), timeout=limit_s)
        if not working.done() and timeout_s is not None:
            if begun.cancel():
                return again("no thread was free")
            return unknown(f"no answer within {timeout_s:g} s")
        error = working.exception()
        if error is None:
            return working.result()
        # a plugin may raise anything, and what it says may name the address
        _log.error("service_failed", extra={"error": type(error).__name__})
        return unknown(f"the service could not be used: {type(error).__name__}")


def _service(url: str) -> Any:
    """The service that *url* names."""
    import apprise  # pyright: ignore[reportMissingTypeStubs] - loaded with the first notification

    asset: Any = apprise.AppriseAsset(
        app_id="Headgate", app_desc="Headgate", app_url="", http_redirects=False, async_mode=False
    )
    known: Any = apprise.Apprise
    return known.instantiate(url, asset=asset, suppress_exceptions=True)


def _attempt(service: Any, message: Message, timeout_s: float) -> Said:
    import apprise  # pyright: ignore[reportMissingTypeStubs]

    half_s = timeout_s / 2
    service.socket_connect_timeout = service.socket_read_timeout = half_s
    sender: Any = apprise.Apprise(asset=service.asset)
    sender.add(service)
    kind = str(message.data.get("notify_type"))
    kinds = {str(each.value) for each in apprise.NotifyType}
    result = sender.notify(
        title=message.subject,
        body=message.body,
        notify_type=kind if kind in kinds else apprise.NotifyType.INFO,
        timeout=timeout_s,
        log_level=logging.DEBUG,
    )
    if result.status.name == "SUCCESS":
        return SENT
    if result.status.name == "TIMEOUT":
        return unknown(f"no answer within {timeout_s:g} s")
    if not _is_one_request(service):
        return unknown("the service did not say that all its targets took it")
    statuses: list[str] = []
    for line in result.logs():
        told = str(line.message)
        if told.startswith("Socket Exception") and _no_connection.search(told):
            return again("no connection to the service")
        if line.level in ("WARNING", "ERROR"):
            statuses += _status.findall(told)
    if not statuses:
        return unknown("the service did not say that it took it")
    detail = f"the service answered {statuses[-1]}"
    return again(detail) if int(statuses[-1]) in AGAIN_AFTER else failed(detail)


def _is_one_request(service: Any) -> bool:
    """Whether one request is the whole of it, so that what is said of it is said of all."""
    return len(service) <= 1 and service.overflow_mode != "split"


async def _to_public(message: Message) -> None:
    """Raise `PrivateAddress` unless the host in the URL is public, and names no other one."""
    parts = urlsplit(str(message.data["url"]))
    if any(field.lower() in OTHER_HOSTS for field in parse_qs(parts.query, keep_blank_values=True)):
        raise PrivateAddress("the url names a further host")
    await public_address(parts.hostname or "")
