"""A batch, as it comes from the stream: every entry becomes an arrival, and none raises."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from faststream.redis.message import FAKE_CONSUMER, BatchStreamMessage, RedisBatchStreamMessage
from msgspec import Struct, json

from events.decisions import Undecidable
from events.entities import Entity, TaskRun, task_run_key
from events.proposals import Proposal, ProposeTaskRunState
from events.streams import PROPOSAL_FIELD
from events.wire.codec import decode_proposal

from ..rules import HOLDING

_field = PROPOSAL_FIELD.encode()
_NO_FIELD = Undecidable(reason=f"the entry has no field {PROPOSAL_FIELD!r}", field=PROPOSAL_FIELD)


class Arrival(Struct, frozen=True):
    """An entry of the proposals: its id, its JSON as it came, and what that says."""

    offset: str
    body: bytes
    proposal: Proposal | Undecidable


def decided_together(arrivals: Sequence[Arrival], known: Mapping[str, Entity]) -> Sequence[Arrival]:
    """The first of *arrivals*, up to a task run that begins again after it gave its slots back.

    What gives them back is sent once that is decided. Who began before would find its lease held.
    """
    holding, giving = set[UUID](), set[UUID]()
    for place, arrival in enumerate(arrivals):
        asked = arrival.proposal
        if not isinstance(asked, ProposeTaskRunState):
            continue
        id = asked.task_run_id
        run = known.get(task_run_key(id))
        if isinstance(run, TaskRun) and not run.attributes.tags:
            continue
        if asked.state.type not in HOLDING:
            if id in holding or (isinstance(run, TaskRun) and _holds_slots(run)):
                giving.add(id)
        elif id in giving:
            return arrivals[:place]
        else:
            holding.add(id)
    return arrivals


async def parse(raw: BatchStreamMessage) -> RedisBatchStreamMessage:
    """Wrap what was read, and skip FastStream's own decoding, which fails whole batches."""
    return RedisBatchStreamMessage(
        raw_message=raw,
        body=b"",
        consumer=FAKE_CONSUMER,
        group=None,
        correlation_id="-",
        message_id="-",
    )


async def decode(message: RedisBatchStreamMessage) -> list[Arrival]:
    """The arrivals of a batch, in order."""
    raw = message.raw_message
    return [
        arrival_of(entry_id.decode(), fields)
        for entry_id, fields in zip(raw["message_ids"], raw["data"], strict=True)
    ]


def arrival_of(offset: str, fields: Mapping[bytes, bytes]) -> Arrival:
    """What one entry of the proposals stream says; never raises."""
    body = fields.get(_field)
    if body is None:
        return Arrival(offset, _shown(fields), _NO_FIELD)
    return Arrival(offset, body, decode_proposal(body))


def _holds_slots(run: TaskRun) -> bool:
    state = run.progress.state
    return state is not None and state.type in HOLDING


def _shown(fields: Mapping[bytes, bytes]) -> bytes:
    """An entry of somebody else's making, so that a person can see what it was."""
    readable = {
        name.decode(errors="backslashreplace"): value.decode(errors="backslashreplace")
        for name, value in fields.items()
    }
    return json.encode(readable)
