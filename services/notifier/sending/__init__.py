"""Sending: one attempt to hand a message to the other side of a block, within a time limit."""

import logging
from typing import Any

from .said import Message, Said, failed
from .services import Services
from .webhooks import custom_request, is_custom, sent, text_request

__all__ = ["Message", "Said", "Sender"]

TELLING = ("apprise", "httpcore", "httpx", "urllib3")
"""Loggers that tell of addresses, which are secrets."""


class Sender:
    """Sends; an attempt takes *timeout_s* seconds at most."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._services = Services()
        for name in TELLING:
            logger = logging.getLogger(name)
            logger.propagate = False
            logger.addHandler(logging.NullHandler())
        logging.getLogger("apprise").setLevel(logging.DEBUG)  # which is read, and goes nowhere

    def close(self) -> None:
        """Send no more."""
        self._services.close()

    async def prepare(self, data: dict[str, Any]) -> None:
        """Load what sending through a block of this *data* needs, before its time counts."""
        if not self._services.is_loaded and not is_custom(data):
            await self._services.load()

    async def attempt(self, message: Message) -> Said:
        """What became of one attempt."""
        url = message.data.get("url")
        if not isinstance(url, str) or not url:
            return failed("the block has no url")
        if is_custom(message.data):
            return await sent(custom_request(message), self._timeout_s)
        said = await self._services.sent(message, self._timeout_s)
        if said is not None:
            return said
        if url.startswith(("http://", "https://")):
            return await sent(text_request(message), self._timeout_s)
        return failed("the block's url is of no service that is known")
