"""A proposer asks and hears the answer, over two connections however many proposals are open.

Theory of operation. Proposals wait in one bounded queue. A task takes all that are there, those
of one tick of the event loop at least, and sends them as one pipeline of XADDs. The commit that
decides a proposal appends the answer to this client's reply stream in the same partition; a
second task reads all reply streams with one blocking XREAD and wakes whoever waits for that
proposal id. It remembers the last entry it saw of each stream, so that a broken connection loses
no answer. Sending twice is harmless, because the second answer is the first one again; and so
redis-py may retry what it likes.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Self

from msgspec import DecodeError, structs
from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.instants import Clock
from events.log import START
from events.log.line import Line, rows_of
from events.proposals import Proposal
from events.streams import PROPOSAL_FIELD, REPLY_FIELD, Streams
from events.wire.codec import PROPOSAL_BYTES_MAX, encode
from events.wire.replies import Answer, Unanswered, decode_reply

from .errors import Unavailable
from .patience import end, pause_s

PIPELINE_MAX = 500
"""Proposals per pipeline: above that, latency grows and throughput does not."""

READ_BLOCK_MS = 1_000
"""Below every sensible socket timeout (redis-py's is 5 s), or idling would look like a fault."""

READ_MAX = 1_000

ANSWER_S = 4.5
"""How long Redis may take over one call, waiting for replies included."""

SEND_SECONDS = 3.0
"""How long sending is tried again over a broken connection: less than a person waits."""

_log = logging.getLogger(__name__)
_field = PROPOSAL_FIELD.encode()
_reply = REPLY_FIELD.encode()

Waiting = asyncio.Future[Answer | Unanswered]


class Proposer:
    """Propose over Redis streams as *client*, a name that no other live process may use.

    *timeout_s* bounds the wait for an answer; *open_max* how many proposals may be unsent.
    """

    def __init__(
        self,
        redis: "Redis",
        streams: Streams,
        client: str,
        now: Clock,
        *,
        timeout_s: float = 10.0,
        open_max: int = 10_000,
    ) -> None:
        self._redis = redis
        self._sending, self._hearing = Line(redis, ANSWER_S), Line(redis, ANSWER_S)
        self._streams = streams
        self._client = client
        self._now = now
        self._timeout_s = timeout_s
        self._unsent: asyncio.Queue[tuple[str, bytes, Waiting]] = asyncio.Queue(open_max)
        self._waiting: dict[str, list[Waiting]] = {}
        self._listening = asyncio.Event()
        self._seen: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin to send and to listen; Redis need not be there yet."""
        self._listening.clear()
        self._tasks = [
            asyncio.create_task(self._send(), name="proposer: send"),
            asyncio.create_task(self._listen(), name="proposer: listen"),
        ]

    async def stop(self) -> None:
        """Stop; who still waits for an answer hears `Unavailable`."""
        tasks, self._tasks = self._tasks, []
        await end(*tasks)
        await self._sending.close()
        await self._hearing.close()
        self._listening.set()  # for those who wait to be heard: there is nobody any more
        for waiting in [one for same in self._waiting.values() for one in same]:
            _fail(waiting, "the proposer stopped")
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def propose(self, proposal: Proposal) -> Answer | Unanswered:
        """The answer to *proposal*; stamps `at` if it is absent. Raises `Unavailable`.

        One that is too large to be read is not sent: its answer is made here.
        """
        proposal, body = self._stamped(proposal)
        if len(body) > PROPOSAL_BYTES_MAX:
            return _too_large(proposal, len(body))
        if not self._tasks or any(task.done() for task in self._tasks):
            raise Unavailable("the proposer is not running")
        waiting: Waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(proposal.id, []).append(waiting)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._listening.wait()
                await self._unsent.put((self._key(proposal), body, waiting))
                return await waiting
        except TimeoutError:
            raise Unavailable(f"no answer to {proposal.id} in {self._timeout_s:g} s") from None
        finally:
            self._forget(proposal.id, waiting)

    async def propose_many(self, proposals: Iterable[Proposal]) -> list[Answer | Unanswered]:
        """The answers to *proposals*, in their order. Raises `Unavailable` if one has none."""
        return await asyncio.gather(*(self.propose(proposal) for proposal in proposals))

    async def send_many(self, proposals: Sequence[Proposal]) -> list[str]:
        """Append *proposals* to their streams, in order, and expect no answer; their entry ids.

        Raises `Unavailable` if one could not be appended; then send all of them again.
        """
        return await self._send_all([(self._key(each), encode(each)) for each in proposals])

    async def send_raw(self, partition: int, bodies: Sequence[bytes]) -> list[str]:
        """Append *bodies* as they are; what is no proposal ends among the dead letters."""
        key = self._streams.proposals(partition)
        return await self._send_all([(key, body) for body in bodies])

    async def _send_all(self, entries: Sequence[tuple[str, bytes]]) -> list[str]:
        ids: list[str] = []
        for start in range(0, len(entries), PIPELINE_MAX):
            for result in await self._append(entries[start : start + PIPELINE_MAX]):
                if not isinstance(result, bytes):
                    raise Unavailable(f"Redis did not take a proposal: {result}")
                ids.append(result.decode())
        return ids

    def _stamped(self, proposal: Proposal) -> tuple[Proposal, bytes]:
        at = self._now() if proposal.at is None else proposal.at
        proposal = structs.replace(proposal, at=at, reply_to=self._client)
        return proposal, encode(proposal)

    def _key(self, proposal: Proposal) -> str:
        return self._streams.proposals(self._streams.of(proposal))

    def _forget(self, id: str, waiting: Waiting) -> None:
        same = self._waiting[id]
        same.remove(waiting)
        if not same:
            del self._waiting[id]

    async def _append(self, entries: Sequence[tuple[str, bytes]]) -> Sequence[object]:
        """What became of each entry: its id, or why it could not be appended."""
        commands = [("XADD", key, "*", _field, body) for key, body in entries]
        gives_up = asyncio.get_running_loop().time() + SEND_SECONDS
        failures = 0
        while True:
            try:
                return await self._sending.ask(commands)
            except (RedisError, OSError) as error:
                # After a restart every pooled connection fails once; a short outage is sat out.
                failures += 1
                if asyncio.get_running_loop().time() > gives_up:
                    return [error] * len(entries)
            await asyncio.sleep(pause_s(failures))

    async def _send(self) -> None:
        while True:
            batch = [await self._unsent.get()]
            while len(batch) < PIPELINE_MAX and not self._unsent.empty():
                batch.append(self._unsent.get_nowait())
            # Whoever gave up meanwhile must not be decided behind his back.
            batch = [one for one in batch if not one[2].done()]
            if not batch:
                continue
            results = await self._append([(key, body) for key, body, _ in batch])
            for (_, _, waiting), result in zip(batch, results, strict=True):
                if isinstance(result, Exception):
                    _fail(waiting, f"Redis did not take the proposal: {result}")

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                if not self._listening.is_set():
                    await self._find_ends()
                    self._listening.set()
                await self._hear()
                failures = 0
            except (RedisError, OSError) as error:
                failures += 1
                _log.warning("replies cannot be read, trying again: %s", error)
                await asyncio.sleep(pause_s(failures))

    async def _find_ends(self) -> None:
        """Start after the replies of an earlier life under this name."""
        keys = [self._streams.replies(each, self._client) for each in self._streams.every()]
        pipeline = self._redis.pipeline(transaction=False)
        for key in keys:
            pipeline.xrevrange(key, count=1)
        for key, last in zip(keys, await pipeline.execute(), strict=True):
            self._seen[key] = last[0][0].decode() if last else START

    async def _hear(self) -> None:
        read = ("XREAD", "COUNT", READ_MAX, "BLOCK", READ_BLOCK_MS, "STREAMS")
        (answer,) = await self._hearing.ask([(*read, *self._seen, *self._seen.values())])
        for key, entries in rows_of(answer):
            for _, fields in entries:
                self._resolve(fields.get(_reply))
            self._seen[key.decode()] = entries[-1][0].decode()

    def _resolve(self, body: bytes | None) -> None:
        try:
            reply = decode_reply(body or b"")
        except DecodeError as error:
            _log.error("a reply cannot be read and is passed over: %s", error)
            return
        for waiting in self._waiting.get(reply.proposal_id, ()):
            if not waiting.done():
                waiting.set_result(reply)


def _fail(waiting: Waiting, why: str) -> None:
    if not waiting.done():
        waiting.set_exception(Unavailable(why))


def _too_large(proposal: Proposal, size: int) -> Unanswered:
    reason = f"a proposal has at most {PROPOSAL_BYTES_MAX} bytes, this one has {size}"
    return Unanswered(proposal_id=proposal.id, reason=reason)
