"""Bytes and types: the only place that knows the wire format. JSON, decoded once per message.

Every message names its type and version in `type`, such as `create_flow_run.v1`. A retired shape
keeps its class and its tag for reading and is upcast; it is never written again.
"""

import re
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from msgspec import json

from ..decisions import Decision, Undecidable
from ..proposals import Proposal
from .upcasts import RETIRED_PROPOSALS, current

PROPOSAL_BYTES_MAX = 1_048_576
"""A larger proposal is refused: above what an HTTP body with the largest parameters needs."""

_encoder = json.Encoder()
_readable: Any = reduce(or_, RETIRED_PROPOSALS, Proposal)
_proposals = json.Decoder[Any](_readable)
_decisions = json.Decoder(Decision)
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
        return current(_proposals.decode(body))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return undecidable(error)


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
