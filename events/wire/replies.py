"""Replies: what a proposer hears, written with the commit that decided."""

from msgspec import Raw, Struct, json

from ..decisions import Decision, Outcome
from ..states import State


class Answer(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="answer.v1", tag_field="type"
):
    """A decision, with the state that the run is in after it.

    *repeated* says that the proposal had been decided before and that this is its first answer.
    """

    proposal_id: str
    entry_id: str
    outcome: Outcome
    decision: Raw
    state: State | None = None
    repeated: bool = False

    def decided(self) -> Decision:
        """The decision in full."""
        return json.decode(self.decision, type=Decision)


class Unanswered(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="unanswered.v1", tag_field="type"
):
    """The proposal could not be decided and is among the dead letters; *missing*: no such run."""

    proposal_id: str
    reason: str
    field: str | None = None
    missing: bool = False


ReplyMessage = Answer | Unanswered

_replies = json.Decoder(ReplyMessage)


def decode_reply(body: bytes) -> ReplyMessage:
    """The reply in *body*; raises `msgspec.DecodeError` when it is not as we wrote it."""
    return _replies.decode(body)
