"""Entries in the streams of proposals: each is decided or put aside, and none stops a service."""

import json
import re
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from events.decisions import Undecidable
from events.proposals import RegisterFlow
from events.streams import PROPOSAL_FIELD, Streams
from events.wire.codec import decode_proposal
from events.wire.registry import PROPOSALS, name_of
from headgate.client import Headgate
from headgate.clock import new_id
from projections.reads import Views
from services.errors import Unavailable
from tests.fuzz.findings import Findings
from tests.fuzz.mutating import Mutator
from tests.support.waiting import wait_until

GOLDEN = Path(__file__).parents[1] / "events" / "golden"
NAMES = {name_of(message) for message in PROPOSALS}
DECIDED_S = 60.0
BATCH = 50

_ids = re.compile(r"0190a5b2-6f2e-4a10-9a77-[0-9a-f]{12}")


def examples() -> list[str]:
    """A proposal of each kind, in full and with as little as there may be, as JSON."""
    files = sorted(GOLDEN.glob("*.json"))
    return [each.read_text() for each in files if ".".join(each.name.split(".")[:2]) in NAMES]


async def fuzz_entries(
    redis: Any,
    headgate: Headgate,
    views: Views,
    number: int,
    mutator: Mutator,
    things: dict[str, str],
    findings: Findings,
) -> None:
    """Put *number* mutated entries into the streams; everything is decided and shown after them."""
    streams, known, sayings = headgate.log.streams, [*things.values()], examples()
    last = findings.asked["entries"] + number
    while findings.asked["entries"] < last:
        pipeline: Any = redis.pipeline()
        entries = [_entry(streams, mutator, sayings, known) for _ in range(BATCH)]
        for key, fields in entries:
            pipeline.xadd(key, fields)
        await pipeline.execute()
        findings.asked["entries"] += BATCH
        shown = " ; ".join(str(fields)[:300] for _, fields in entries[-3:])
        if not await _goes_on(redis, headgate, views, shown, findings):
            return


def _entry(
    streams: Streams, mutator: Mutator, sayings: list[str], known: list[str]
) -> tuple[str, dict[str | bytes, bytes]]:
    """The stream and the fields of one entry."""
    lots = mutator.lots
    uuids = [each for each in known if len(each) == 36]
    said = _ids.sub(lambda _: lots.choice(uuids), lots.choice(sayings))
    message = json.loads(said) | {"id": f"{lots.random()}"}
    if lots.random() < 0.8:
        message.pop("at", None)
    body = mutator.mutated(message, known)
    proposal = decode_proposal(body)
    place = lots.choice(streams.every())
    if not isinstance(proposal, Undecidable) and lots.random() < 0.95:
        place = streams.of(proposal)
    if lots.random() < 0.02:
        return streams.proposals(place), {lots.randbytes(4): body}
    if lots.random() < 0.02:
        return streams.proposals(place), {PROPOSAL_FIELD: body, "more": body[:9]}
    return streams.proposals(place), {PROPOSAL_FIELD: body}


async def _goes_on(
    redis: Redis, headgate: Headgate, views: Views, shown: str, findings: Findings
) -> bool:
    """Whether every entry is behind the offset, a good one is decided, and the views follow."""
    log, streams = headgate.log, headgate.log.streams
    try:
        await wait_until(lambda: _is_read(redis, headgate), DECIDED_S)
    except AssertionError:
        findings.found("proposals", "entries are not decided", shown)
        return False
    try:
        await headgate.propose(RegisterFlow(id=str(new_id()), name="after-the-entries"))
    except Unavailable as error:
        findings.found("proposals", f"a good proposal is not decided: {error}", shown)
        return False
    heads = {each: (await log.head(each)).position for each in streams.every()}

    async def are_shown() -> bool:
        positions = await views.positions()
        return all(positions.get(each, 0) >= position for each, position in heads.items())

    try:
        await wait_until(are_shown, DECIDED_S)
    except AssertionError:
        findings.found("views", "they do not follow the log", shown)
        return False
    return True


async def _is_read(redis: Any, headgate: Headgate) -> bool:
    log, streams = headgate.log, headgate.log.streams
    for partition in streams.every():
        last = await redis.xrevrange(streams.proposals(partition), count=1)
        if last and (await log.head(partition)).offset != last[0][0].decode():
            return False
    return True
