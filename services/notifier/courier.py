"""The courier: claims one notification, renders it, sends it, and records what became of it."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from msgspec import json

from events.entities import Flow, flow_key
from events.log import CorruptLog
from events.resources.blocks import BLOCK_DOCUMENT, BlockDocument
from events.resources.notifications import Sending
from events.resources.registry import resource_key

from ..blocks.opening import opened
from ..blocks.sealing import Seal, Unsealable
from ..values import message
from .claims import Claim, Claims, Wanted, pause
from .sending import Message, Said, Sender
from .sending.said import failed, unknown

PAUSES_S = (1.0, 3.0, 9.0, 27.0)
"""Between the attempts of one notification; there is one more attempt than pauses."""

SUBJECT = "Flow run notification"

_log = logging.getLogger(__name__)


class Courier:
    """Delivers the notifications of one log; *api_url* is where clients find the runs."""

    def __init__(
        self,
        *,
        claims: Claims,
        sender: Sender,
        seal: Seal,
        api_url: str,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self._claims = claims
        self._sender = sender
        self._seal = seal
        self._api_url = api_url.rstrip("/")
        self._pauses_s = pauses_s
        self._down: set[UUID] = set()
        self._silent: set[UUID] = set()

    async def deliver(self, wanted: Wanted, stop: asyncio.Event) -> bool:
        """Send *wanted*, unless somebody else does; False when it is still to be, on a *stop*."""
        block = await self._block(wanted.policy.block_document_id)
        if block is not None:
            await self._sender.prepare(block.data)
        claim = await self._claims.taken(wanted, stop)
        if isinstance(claim, bool):
            return claim
        if self._claims.is_late(claim):
            held = await self._claims.renewed(claim, 1)
            if held is None:
                return True
            claim = held
        return await self._sent(wanted, claim, stop)

    def is_away(self, block_id: UUID) -> bool:
        """Whether the other side of a block said nothing, or "later", when it was last told."""
        return block_id in self._down or block_id in self._silent

    async def refuse(self, wanted: Wanted, detail: str) -> None:
        """Record that *wanted* is not sent, unless it is."""
        await self._claims.recorded(wanted, Sending.FAILED, detail)

    async def _sent(self, wanted: Wanted, claim: Claim, stop: asyncio.Event) -> bool:
        block_id = wanted.policy.block_document_id
        # one that was not there for the last notification is not waited for with each further one
        pauses = [] if block_id in self._down else list(self._pauses_s)
        attempts = 1
        while True:
            said = await self._attempt(wanted)
            self._noted(block_id, said)
            if not said.is_again or not pauses:
                break
            attempts += 1
            held = await self._waited(claim, attempts, pauses.pop(0), stop)
            if held is None:
                return True
            if stop.is_set():
                await self._claims.give_back(held)
                return False
            claim = held
        await self._claims.settle(claim, said.outcome, said.detail, attempts)
        about = {"policy": str(wanted.policy.id), "run": str(wanted.run.id), "attempts": attempts}
        if said.outcome is Sending.SENT:
            _log.info("notification_sent", extra=about)
        else:
            because = {"outcome": said.outcome.value, "because": said.detail}
            _log.warning("notification_not_sent", extra=about | because)
        return True

    def _noted(self, block_id: UUID, said: Said) -> None:
        is_silent = said.outcome is Sending.UNKNOWN
        (self._down.add if said.is_again else self._down.discard)(block_id)
        (self._silent.add if is_silent else self._silent.discard)(block_id)

    async def _waited(
        self, claim: Claim, attempts: int, seconds: float, stop: asyncio.Event
    ) -> Claim | None:
        """*claim* for the next attempt, after a pause that it outlasts; None if it is not ours."""
        held = await self._claims.renewed(claim, attempts, seconds)
        if held is None:
            return None
        await pause(stop, seconds)
        if stop.is_set() or not self._claims.is_late(held):
            return held
        return await self._claims.renewed(held, attempts)

    async def _attempt(self, wanted: Wanted) -> Said:
        """What became of one attempt; whatever breaks, breaks this notification alone."""
        is_asked = False
        try:
            made = await self._made(wanted)
            if isinstance(made, Said):
                return made
            is_asked = True
            return await self._sender.attempt(made)
        except CorruptLog:
            raise
        except Exception as error:  # noqa: BLE001 - the top of one notification
            # what it says may name the address
            kind = type(error).__name__
            _log.error("notification_broken", extra={"error": kind})
            if is_asked:
                return unknown(f"the sending broke: {kind}")
            return failed(f"the message could not be made: {kind}")

    async def _made(self, wanted: Wanted) -> Message | Said:
        """The message, secrets and all, or why there is none."""
        block = await self._block(wanted.policy.block_document_id)
        if block is None:
            return failed("the block is gone")
        try:
            data = await opened(block, self._seal, self._block)
        except Unsealable as error:
            return failed(str(error))
        flow = await self._claims.entity(flow_key(wanted.run.flow_id))
        body = message(
            wanted.policy.message_template,
            self._values(wanted, flow.name if isinstance(flow, Flow) else ""),
        )
        return Message(subject=SUBJECT, body=body, block=block.name, data=data)

    async def _block(self, id: UUID) -> BlockDocument | None:
        found = await self._claims.entity(resource_key(BLOCK_DOCUMENT.name, id))
        return found if isinstance(found, BlockDocument) else None

    def _values(self, wanted: Wanted, flow_name: str) -> dict[str, str]:
        run, state = wanted.run, wanted.state
        return {
            "flow_run_notification_policy_id": str(wanted.policy.id),
            "flow_id": str(run.flow_id),
            "flow_name": flow_name,
            "flow_run_url": f"{self._api_url}/flow_runs/{run.id}",
            "flow_run_id": str(run.id),
            "flow_run_name": run.name,
            "flow_run_parameters": json.encode(run.parameters).decode(),
            "flow_run_state_type": state.type.value,
            "flow_run_state_name": state.name,
            "flow_run_state_timestamp": state.timestamp.isoformat(),
            "flow_run_state_message": state.message or "",
        }
