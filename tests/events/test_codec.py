"""Whatever arrives is a proposal or a reason why it is none; decoding never raises."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.decisions import Undecidable
from events.proposals import CreateFlowRun, ProposeFlowRunState, RegisterFlow, WriteLogs
from events.wire import upcasts
from events.wire.codec import (
    NESTING_MAX,
    PROPOSAL_BYTES_MAX,
    Sender,
    decode_decision,
    decode_proposal,
    encode,
    sender_of,
)
from events.wire.registry import PROPOSALS
from tests.support.strategies import messages

RUN_ID = "0190a5b2-6f2e-4a10-9a77-0000000000a1"
PROPOSED = (
    b'{"type":"propose_flow_run_state.v1","id":"p","flow_run_id":"%b","state":%%b}'
    % RUN_ID.encode()
)


def refused(body: bytes) -> tuple[str, str | None]:
    undecidable = decode_proposal(body)
    assert isinstance(undecidable, Undecidable)
    assert not undecidable.missing
    return undecidable.reason, undecidable.field


@given(st.binary(max_size=200))
def test_random_bytes_are_no_proposal(body: bytes) -> None:
    assert isinstance(decode_proposal(body), Undecidable)


@given(st.data())
def test_a_damaged_proposal_is_another_proposal_or_none(drawn: st.DataObject) -> None:
    proposal = drawn.draw(st.one_of([messages(message) for message in PROPOSALS]))
    body = bytearray(encode(proposal))
    for _ in range(drawn.draw(st.integers(1, 4))):
        place = drawn.draw(st.integers(0, len(body) - 1))
        match drawn.draw(st.sampled_from(["flip", "cut", "grow"])):
            case "flip":
                body[place] = drawn.draw(st.integers(0, 255))
            case "cut" if len(body) > 1:
                del body[place]
            case _:
                body.insert(place, drawn.draw(st.sampled_from(b'{}[]",:0-e.\\')))

    decoded = decode_proposal(bytes(body))
    if not isinstance(decoded, Undecidable):
        assert decode_proposal(encode(decoded)) == decoded


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (b"", "Input data was truncated", None),
        (b"\xff\xfe", "JSON is malformed: invalid character (byte 0)", None),
        (b"[]", "Expected `object`, got `array`", None),
        (b"{}", "Object missing required field `type`", None),
        (b'{"type":"nonsense.v1"}', "Invalid value 'nonsense.v1'", "type"),
        (b'{"type":"register_flow.v1","id":"p"}', "Object missing required field `name`", None),
        (
            b'{"type":"register_flow.v1","id":"p","name":7}',
            "Expected `str`, got `int`",
            "name",
        ),
        (
            b'{"type":"register_flow.v1","id":"p","name":"n","nmae":"n"}',
            "Object contains unknown field `nmae`",
            None,
        ),
        (
            b'{"type":"register_flow.v1","id":"","name":"n"}',
            "Expected `str` of length >= 1",
            "id",
        ),
        (PROPOSED % b'{"type":"FLYING"}', "Invalid enum value 'FLYING'", "state.type"),
        (
            PROPOSED % b'{"type":"RUNNING","state_details":{"scheduled_time":"2026-11-20"}}',
            "Invalid RFC3339 encoded datetime",
            "state.state_details.scheduled_time",
        ),
        (
            PROPOSED
            % b'{"type":"RUNNING","state_details":{"scheduled_time":"2026-11-20T12:00:00"}}',
            "Expected `datetime` with a timezone component",
            "state.state_details.scheduled_time",
        ),
        (PROPOSED % b'{"type":"RUNNING","data":1e999}', "Number out of range", "state.data"),
        (
            b'{"type":"create_task_run.v1","id":"p","task_key":"t","dynamic_key":"0",'
            b'"empirical_policy":{"retry_delay":[%b]}}' % b",".join([b"1"] * 51),
            "Can not configure more than 50 retry delays per task.",
            "empirical_policy",
        ),
        (
            b'{"type":"write_logs.v1","id":"p","run_id":"%b","lines":[{"id":"x"}]}'
            % RUN_ID.encode(),
            "Invalid UUID",
            "lines[0].id",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_field(body: bytes, reason: str, field: str | None) -> None:
    assert refused(body) == (reason, field)


def test_a_proposal_may_be_as_large_as_the_limit_and_no_larger() -> None:
    proposal = RegisterFlow(id="p", name="")
    room = PROPOSAL_BYTES_MAX - len(encode(proposal))
    fits = encode(RegisterFlow(id="p", name="n" * room))

    assert len(fits) == PROPOSAL_BYTES_MAX
    assert isinstance(decode_proposal(fits), RegisterFlow)
    assert refused(fits + b" ") == (
        "a proposal has at most 1048576 bytes, this one has 1048577",
        None,
    )


def test_a_proposal_may_be_nested_as_deep_as_the_limit_and_no_deeper() -> None:
    def nested(depth: int) -> bytes:
        inner = depth - 2
        return PROPOSED % (b'{"type":"RUNNING","data":%b%b}' % (b"[" * inner, b"]" * inner))

    assert isinstance(decode_proposal(nested(NESTING_MAX)), ProposeFlowRunState)
    for depth in (NESTING_MAX + 1, 990, 100_000):
        reason, _ = refused(nested(depth))
        assert "nested at most 256 deep" in reason or "recursion" in reason


def test_brackets_side_by_side_or_in_strings_are_not_nested() -> None:
    line = b'{"id":"%b","name":"n","level":20,"message":"[[{{\\"[\\\\","timestamp":"%b"}' % (
        RUN_ID.encode(),
        b"2026-11-20T12:00:00Z",
    )
    body = b'{"type":"write_logs.v1","id":"p","run_id":"%b","lines":[%b]}' % (
        RUN_ID.encode(),
        b",".join([line] * 300),
    )

    decoded = decode_proposal(body)
    assert isinstance(decoded, WriteLogs)
    assert len(decoded.lines) == 300


@pytest.mark.parametrize("at", ["1969-12-31T23:59:59.999Z", "9000-01-01T00:00:00Z"])
def test_a_time_of_intake_must_leave_room_for_ids_and_delays(at: str) -> None:
    body = b'{"type":"register_flow.v1","id":"p","name":"n","at":"%b"}' % at.encode()

    reason, field = refused(body)
    assert reason.endswith("is no time of intake")
    assert field == "at"


@pytest.mark.parametrize("seconds", [b"1e10", b"-1e10", b"1e300"])
def test_a_delay_beyond_the_calendar_is_refused(seconds: bytes) -> None:
    body = (
        b'{"type":"create_flow_run.v1","id":"p","flow_run_id":"%b","flow_id":"%b",'
        b'"empirical_policy":{"retry_delay_seconds":%b}}'
        % (RUN_ID.encode(), RUN_ID.encode(), seconds)
    )

    assert refused(body)[1] == "empirical_policy.retry_delay_seconds"


def test_the_unknown_key_of_state_details_is_ignored() -> None:
    body = PROPOSED % b'{"type":"RUNNING","state_details":{"from_the_future":1}}'

    assert isinstance(decode_proposal(body), ProposeFlowRunState)


def test_defaults_are_not_written() -> None:
    assert encode(RegisterFlow(id="p", name="n")) == (
        b'{"type":"register_flow.v1","id":"p","name":"n"}'
    )


def test_a_decision_that_is_not_as_we_wrote_it_raises() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_decision(b'{"type":"decision.v1"}')


def test_a_retired_shape_becomes_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = RegisterFlow(id="1", name="old"), RegisterFlow(id="2", name="newer")
    run = CreateFlowRun(id="p", flow_run_id=UUID(RUN_ID), flow_id=UUID(RUN_ID))
    monkeypatch.setitem(upcasts.UPCASTS, CreateFlowRun, lambda _: second)

    assert upcasts.current(run) == second
    assert upcasts.current(first) == first


@pytest.mark.parametrize(
    ("body", "sender"),
    [
        (b'{"type":"no_such.v1","id":"x","reply_to":"billing"}', Sender("x", "billing")),
        (b'{"type":"no_such.v1","id":"x"}', None),
        (b'{"id":"","reply_to":"billing"}', None),
        (b'{"id":"x","reply_to":null}', None),
        (b"no json", None),
        (b"[" * 5_000, None),
    ],
)
def test_who_waits_for_an_answer_is_known_by_what_can_be_read(
    body: bytes, sender: Sender | None
) -> None:
    assert sender_of(body) == sender
