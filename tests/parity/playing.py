"""Playing a script on a side: what was asked, what was answered, in names."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from headgate.clock import new_id, now
from tests.parity.canonical import Canon
from tests.parity.comparing import INVALID, differences
from tests.parity.script import Observation, Seen, Step
from tests.parity.sides import Side

NAME = re.compile(r"\$([a-z]+\d*)")
DELAYS = ("retry_delay", "retry_delay_seconds")
ALWAYS_S = (10.0, 30.0, 300.0)
"""Delays that servers know by themselves."""
SETTLING_S, SETTLED_S = 0.02, 3.0


class Unbound(Exception):
    """A step names what no step before it has bound."""


class Player:
    """One performance of one script on one side."""

    def __init__(self, side: Side, steps: Sequence[Step]) -> None:
        self.side = side
        self.steps = steps
        delays = [float(each) for step in steps for each in _delays(step.body)]
        self.canon = Canon(f"n0{new_id().hex[-10:]}", [*delays, *ALWAYS_S])

    async def play(self, expected: Sequence[Observation] | None = None) -> list[Observation]:
        """What each step led to; reads wait for what is *expected* where something settles."""
        seen: list[Observation] = []
        for number, step in enumerate(self.steps):
            wanted = expected[number] if expected and number < len(expected) else None
            seen.append(await self._step(step, wanted))
        return seen

    async def _step(self, step: Step, wanted: Observation | None) -> Observation:
        sent = now()
        self.canon.step(sent)
        try:
            path, body = self._filled(step.path), self._body(step.body, sent)
        except Unbound:
            return Observation(kind=step.kind)

        async def ask() -> list[Seen]:
            return [await self._asked(step, path, body)]

        if step.only_reads and wanted is not None and wanted.answer is not None:
            (seen,) = await self._settled(ask, [wanted.answer])
        else:
            (seen,) = await ask()
        if step.settles and wanted is not None:
            await asyncio.sleep(SETTLING_S)
            reads = await self._settled(lambda: self._reads(step), wanted.reads)
        else:
            reads = await self._reads(step)
        return Observation(kind=step.kind, answer=seen, reads=reads)

    async def _settled(
        self, ask: Callable[[], Awaitable[list[Seen]]], wanted: Sequence[Seen]
    ) -> list[Seen]:
        """What *ask* gives once it is what is *wanted*, or after a while whatever it is."""
        before, waited = self.canon, 0.0
        while True:
            self.canon = before.copied()  # what has not settled has named nothing
            seen = await ask()
            if waited >= SETTLED_S or not any(differences(wanted, seen)):
                return seen
            await asyncio.sleep(SETTLING_S)
            waited += SETTLING_S

    async def _asked(self, step: Step, path: str, body: bytes) -> Seen:
        """The answer to a step, in names; what it made is bound."""
        status, answer = await self._send(step, path, body)
        if step.binds and status < 300 and isinstance(answer, dict):
            found = cast("dict[str, Any]", answer)
            self.canon.bind(step.binds, found.get("id") or found["lease_id"])
        named = None
        if status != INVALID:
            named = self.canon.named(answer, is_unordered=step.is_unordered)
        return Seen(asked=step.path, status=status, body=named)

    async def _reads(self, step: Step) -> list[Seen]:
        reads: list[Seen] = []
        for path in step.then:
            try:
                status, answer = await self._send(step, self._filled(path), b"", "GET")
            except Unbound:
                continue
            reads.append(Seen(asked=path, status=status, body=self.canon.named(answer)))
        return reads

    async def _send(
        self, step: Step, path: str, body: bytes, method: str | None = None
    ) -> tuple[int, Any]:
        status, text = await self.side.send(method or step.method, path, body, step.headers)
        try:
            return status, json.loads(text) if text else None
        except ValueError:
            return status, text.decode(errors="replace")

    def _filled(self, text: str) -> str:
        return NAME.sub(self._id, text).replace("~", self.canon.nonce)

    def _id(self, match: re.Match[str]) -> str:
        found = self.canon.bound.get(match[1])
        if found is None:
            raise Unbound(match[1])
        return found

    def _body(self, body: Any, sent: datetime) -> bytes:
        return b"" if body is None else json.dumps(self._value(body, sent)).encode()

    def _value(self, value: Any, sent: datetime) -> Any:
        if isinstance(value, dict):
            given = cast("dict[str, Any]", value)
            if "$in" in given:
                return self.canon.give(given["$in"], sent)
            return {self._filled(name): self._value(each, sent) for name, each in given.items()}
        if isinstance(value, list):
            return [self._value(each, sent) for each in cast("list[Any]", value)]
        return self._filled(value) if isinstance(value, str) else value


def _delays(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            if name in DELAYS:
                yield from _numbers(each)
            yield from _delays(each)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, list):
        yield from cast("list[float]", value)
