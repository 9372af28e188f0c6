"""A paused flow run goes on and has what its pause asked for, both or neither."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import json, structs

from events.decisions import Decision, Outcome, Undecidable
from events.entities import Entity, flow_run_key
from events.inputs import keys_of
from events.proposals import ResumeFlowRun
from events.states import StateType
from events.states.constructors import Running, Scheduled

from ..answers.decisions import decision, unknown_flow_run
from ..answers.moving import moved_flow_run
from ..asking.orchestrate import Said
from ..policies import CORE_FLOW_POLICY
from ..subjects import flow_run_of
from .storing import TAKEN, stored_by

NOT_PAUSED = Said(
    outcome=Outcome.ABORT,
    reason="Cannot resume a flow run that is not paused.",
    rule="ResumeOnlyPausedRuns",
)
PAUSED_ANEW = Said(
    outcome=Outcome.REJECT,
    reason="The flow run is not in the pause that was answered.",
    rule="AnswerTheCurrentPause",
)


def resume_flow_run(
    known: Mapping[str, Entity], proposal: ResumeFlowRun, at: datetime
) -> Decision | Undecidable:
    """Propose the state that follows the pause; what it asked for is stored if that is accepted.

    A run whose process is gone is scheduled at once, one whose process waits runs on.
    """
    run = flow_run_of(known, proposal.flow_run_id)
    if run is None:
        return unknown_flow_run(proposal.flow_run_id)
    subject, version = flow_run_key(proposal.flow_run_id), run.progress.version + 1
    paused = run.progress.state
    if paused is None or paused.type is not StateType.PAUSED:
        return decision(proposal, subject, version, at, said=NOT_PAUSED)
    if proposal.paused is not None and proposal.paused != paused.id:
        return decision(proposal, subject, version, at, said=PAUSED_ANEW)
    details = paused.state_details
    key = (details.run_input_keyset or {}).get("response")
    is_answered = key is not None and bool(proposal.run_input)
    if is_answered and key in keys_of(known, proposal.flow_run_id):
        return decision(proposal, subject, version, at, said=TAKEN)
    has_process = not details.pause_reschedule
    state = Running() if has_process else Scheduled(at, name="Resuming")
    moved = moved_flow_run(
        run,
        proposal,
        state,
        CORE_FLOW_POLICY,
        at,
        api_version=proposal.api_version,
        client_version=proposal.client_version,
    )
    assert isinstance(moved, Decision), "who leaves a pause is asked for no slot"
    if key is None or not is_answered or moved.outcome is not Outcome.ACCEPT:
        return moved
    answer = stored_by(proposal, at, key, json.encode(proposal.run_input).decode())
    return structs.replace(moved, changes=(*moved.changes, answer))
