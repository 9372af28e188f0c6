"""What must be true after all of it, read from the streams and not from anybody's memory."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from events.decisions import Undecidable
from events.log import START, Head
from events.log.chain import broken_at
from events.log.redis import RedisEventLog
from events.streams import PROPOSAL_FIELD, Streams
from events.wire.codec import decode_decision, decode_proposal
from events.wire.replies import Answer

PAGE = 1_000


class Findings(Struct, kw_only=True):
    """Counts of what must be zero, and of what must be equal."""

    proposals: int = 0
    decisions: int = 0
    lost: int = 0
    twice: int = 0
    inverted: int = 0
    answers_untrue: int = 0
    poison: int = 0
    dead_letters: int = 0
    dead_letters_wrong: int = 0
    chain_broken: int = 0
    first_decided_twice: str = ""


class Asked(Struct):
    """A partition's proposals stream: the ids in order by run, and the entries no one can read."""

    order: dict[str, list[str]]
    unreadable: set[str]
    ids: set[str]


async def audit(redis: Redis, streams: Streams, answers: Mapping[str, Answer]) -> Findings:
    """Read every stream from its start and compare."""
    found = Findings()
    log = RedisEventLog(redis, streams)
    entry_of: dict[str, str] = {}
    for partition in streams.every():
        asked = await _asked(redis, streams, partition)
        decided = await _decided(log, partition, found)
        found.proposals += len(asked.ids)
        found.poison += len(asked.unreadable)
        found.lost += len(asked.ids - decided.keys())
        for run, ids in asked.order.items():
            positions = [int(decided[id].partition("-")[2]) for id in ids if id in decided]
            found.inverted += positions != sorted(positions)
            del run
        await _letters(log, partition, asked.unreadable, found)
        entry_of.update(decided)
    for id, answer in answers.items():
        found.answers_untrue += entry_of.get(id) != answer.entry_id
    return found


async def _asked(redis: Any, streams: Streams, partition: int) -> Asked:
    asked = Asked(order={}, unreadable=set(), ids=set())
    after = START
    while rows := await redis.xrange(streams.proposals(partition), f"({after}", "+", count=PAGE):
        for entry_id, fields in rows:
            proposal = decode_proposal(fields.get(PROPOSAL_FIELD.encode(), b""))
            if isinstance(proposal, Undecidable):
                asked.unreadable.add(entry_id.decode())
            elif proposal.id not in asked.ids:
                asked.ids.add(proposal.id)
                run = str(getattr(proposal, "flow_run_id", ""))
                asked.order.setdefault(run, []).append(proposal.id)
        after = rows[-1][0].decode()
    return asked


async def _decided(log: RedisEventLog, partition: int, found: Findings) -> dict[str, str]:
    """Entry ids by proposal id; checks the chain on the way."""
    decided: dict[str, str] = {}
    head = Head()
    while entries := await log.entries(partition, head.entry_id, PAGE):
        found.chain_broken += broken_at(head, entries) is not None
        for entry in entries:
            found.decisions += 1
            proposal_id = decode_decision(entry.body).proposal_id
            if proposal_id in decided:
                found.twice += 1
                found.first_decided_twice = found.first_decided_twice or (
                    f"{log.streams.name(partition)} {decided[proposal_id]} and {entry.entry_id}: "
                    f"{entry.body.decode()}"
                )
            decided[proposal_id] = entry.entry_id
        last = entries[-1]
        ms, _, position = last.entry_id.partition("-")
        head = Head(time_ms=int(ms), position=int(position), hash=last.hash)
    return decided


async def _letters(
    log: RedisEventLog, partition: int, unreadable: set[str], found: Findings
) -> None:
    offsets: Counter[str] = Counter()
    after = START
    while letters := await log.dead_letters(partition, after, PAGE):
        offsets.update(letter.offset for _, letter in letters)
        after = letters[-1][0]
    found.dead_letters += offsets.total()
    found.dead_letters_wrong += sum((offsets - Counter(unreadable)).values())
    found.dead_letters_wrong += sum((Counter(unreadable) - offsets).values())
