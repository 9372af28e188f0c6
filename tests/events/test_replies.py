"""An answer carries the decision as it stands in the log."""

import msgspec
import pytest
from msgspec import Raw

from events.decisions import Decision, Outcome
from events.wire.codec import encode
from events.wire.replies import Answer, Unanswered, decode_reply
from tests.support.examples import NOON

DECISION = Decision(proposal_id="p", kind="k", subject="s", at=NOON, outcome=Outcome.WAIT)
ANSWER = Answer(
    proposal_id="p", entry_id="5-7", outcome=Outcome.WAIT, decision=Raw(encode(DECISION))
)


def test_an_answer_has_the_decision_within_as_json() -> None:
    assert encode(ANSWER) == (
        b'{"type":"answer.v1","proposal_id":"p","entry_id":"5-7","outcome":"WAIT","decision":'
        + encode(DECISION)
        + b"}"
    )


def test_the_decision_can_be_taken_out_in_full() -> None:
    read = decode_reply(encode(ANSWER))

    assert isinstance(read, Answer)
    assert read.decided() == DECISION


def test_an_unanswered_proposal_says_why() -> None:
    unanswered = Unanswered(proposal_id="p", reason="no such run", field="id", missing=True)

    assert decode_reply(encode(unanswered)) == unanswered


def test_a_reply_that_is_not_as_we_wrote_it_raises() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_reply(b'{"type":"answer.v1"}')
