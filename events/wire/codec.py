"""Bytes and types: the only place that knows the wire format. JSON, decoded once per message.

Every message names its type and version in `type`, such as `create_flow_run.v1`. A retired shape
keeps its class and its tag for reading and is upcast; it is never written again.
"""

import re
from datetime import UTC, datetime
from functools import reduce
from itertools import accumulate
from typing import Any

import msgspec
from msgspec import json

from ..decisions import Decision, Undecidable
from ..identity import ProposalId
from ..proposals import Proposal
from .upcasts import RETIRED_PROPOSALS, current

PROPOSAL_BYTES_MAX = 1_048_576
"""A larger proposal is refused: above what an HTTP body with the largest parameters needs."""

NESTING_MAX = 256
"""Deeper JSON is refused: what reads the log later may have less of Python's stack left."""

AT_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AT_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""An intake outside of this has no id and no room for a delay after it."""

_encoder = json.Encoder()
_current: Any = Proposal
_readable: Any = reduce(lambda known, retired: known | retired, RETIRED_PROPOSALS, _current)
_proposals = json.Decoder[Any](_readable)
_decisions = json.Decoder(Decision)
_strings = re.compile(rb'"(?:[^"\\]|\\.)*"')
_not_brackets = bytes(set(range(256)) - set(b"[]{}"))
_steps = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_at = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")


def encode(message: object) -> bytes:
    """The JSON of a message, defaults left out."""
    return _encoder.encode(message)


def decode_proposal(body: bytes) -> Proposal | Undecidable:
    """The proposal in *body*, or what is wrong with it; never raises."""
    if len(body) > PROPOSAL_BYTES_MAX:
        return Undecidable(
            reason=f"a proposal has at most {PROPOSAL_BYTES_MAX} bytes, this one has {len(body)}"
        )
    try:
        proposal = current(_proposals.decode(body))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return undecidable(error)
    if proposal.at is not None and not AT_EARLIEST <= proposal.at < AT_LATEST:
        return Undecidable(reason=f"{proposal.at} is no time of intake", field="at")
    if _nesting(body) > NESTING_MAX:
        return Undecidable(reason=f"a proposal is nested at most {NESTING_MAX} deep")
    return proposal


class Sender(msgspec.Struct, frozen=True):
    """Who waits for the answer to a proposal, as far as its body says."""

    id: ProposalId
    reply_to: str


def sender_of(body: bytes) -> Sender | None:
    """Who sent a proposal that is none, if anybody waits; what else it says does not matter."""
    try:
        return _senders.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _nesting(body: bytes) -> int:
    """How deep the valid JSON of *body* is nested, or anything up to the limit when it is less."""
    opened = body.count(b"[") + body.count(b"{")
    if opened <= NESTING_MAX:
        return opened
    brackets = _strings.sub(b"", body).translate(None, _not_brackets)
    return max(accumulate(map(_steps.__getitem__, brackets)))


_senders = json.Decoder(Sender)


def undecidable(error: Exception) -> Undecidable:
    """What a decoding error says, with the name of the field apart."""
    said = str(error)
    found = _at.search(said)
    if found is None:
        return Undecidable(reason=said)
    return Undecidable(reason=said[: found.start()], field=found["field"] or None)


def decode_decision(body: bytes) -> Decision:
    """The decision in *body*; raises `msgspec.DecodeError` when it is not as we wrote it."""
    return _decisions.decode(body)
