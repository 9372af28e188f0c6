"""The core alone: deciding and folding one transition, without any I/O."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from events.decisions import Decision, Recorded
from events.entities import Entity
from events.evolve import evolve, learn
from events.proposals import CreateFlowRun, Proposal, ProposeFlowRunState
from events.states.constructors import Completed, Running
from events.wire.codec import decode_decision, decode_proposal, encode
from services.rules import decide

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN, FLOW = UUID(int=1), UUID(int=2)
ROUNDS = 20_000


def microseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """What *work* takes, in microseconds: the best of three series."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        for _ in range(rounds // 3):
            work()
        best = min(best, (time.perf_counter() - started) / (rounds // 3))
    return best * 1e6


def core() -> dict[str, float]:
    """Microseconds per call of decide, evolve and the codec, on an ordinary transition."""
    known: dict[str, Entity] = {}
    proposals: list[Proposal] = [
        CreateFlowRun(id="create", flow_run_id=RUN, flow_id=FLOW),
        ProposeFlowRunState(id="run", flow_run_id=RUN, state=Running()),
    ]
    for position, proposal in enumerate(proposals, start=1):
        learn(known, evolve(known, _recorded(decide(known, proposal, AT), position)))
    ending = ProposeFlowRunState(id="end", flow_run_id=RUN, state=Completed())
    recorded = _recorded(decide(known, ending, AT), 3)
    asked, answered = encode(ending), encode(recorded.decision)
    return {
        "core.decide_us": microseconds(lambda: decide(known, ending, AT)),
        "core.evolve_us": microseconds(lambda: evolve(known, recorded)),
        "core.decode_proposal_us": microseconds(lambda: decode_proposal(asked)),
        "core.encode_decision_us": microseconds(lambda: encode(recorded.decision)),
        "core.decode_decision_us": microseconds(lambda: decode_decision(answered)),
    }


def _recorded(decision: object, position: int) -> Recorded:
    assert isinstance(decision, Decision)
    return Recorded(partition=0, position=position, time_ms=position, decision=decision)
