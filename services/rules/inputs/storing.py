"""A flow run is given an input under a key of its own, or loses one."""

from collections.abc import Mapping
from datetime import datetime

from events.changes import InputsDeleted, InputStored
from events.decisions import Decision, Outcome, Undecidable
from events.entities import Entity, FlowRunInput, flow_run_key
from events.identity import derived_id
from events.inputs import keys_of
from events.proposals import DeleteInput, ResumeFlowRun, StoreInput

from ..answers.decisions import decision, unknown_flow_run
from ..asking.orchestrate import Said
from ..subjects import flow_run_of

TAKEN = Said(
    outcome=Outcome.REJECT,
    reason="A flow run input with this key already exists.",
    rule="StoreEachInputOnce",
)
MISSING = Said(
    outcome=Outcome.REJECT, reason="Flow run input not found", rule="DeleteInputsThatExist"
)


def store_input(
    known: Mapping[str, Entity], proposal: StoreInput, at: datetime
) -> Decision | Undecidable:
    """Give the flow run the input, unless it has one under that key."""
    run = flow_run_of(known, proposal.flow_run_id)
    if run is None:
        return unknown_flow_run(proposal.flow_run_id)
    subject, version = flow_run_key(proposal.flow_run_id), run.progress.version + 1
    if proposal.key in keys_of(known, proposal.flow_run_id):
        return decision(proposal, subject, version, at, said=TAKEN)
    stored = stored_by(proposal, at, proposal.key, proposal.value, proposal.sender)
    return decision(proposal, subject, version, at, changes=(stored,))


def delete_input(
    known: Mapping[str, Entity], proposal: DeleteInput, at: datetime
) -> Decision | Undecidable:
    """Take the input from the flow run, if it has it."""
    run = flow_run_of(known, proposal.flow_run_id)
    if run is None:
        return unknown_flow_run(proposal.flow_run_id)
    subject, version = flow_run_key(proposal.flow_run_id), run.progress.version + 1
    if proposal.key not in keys_of(known, proposal.flow_run_id):
        return decision(proposal, subject, version, at, said=MISSING)
    gone = InputsDeleted(keys=[proposal.key])
    return decision(proposal, subject, version, at, changes=(gone,))


def stored_by(
    proposal: StoreInput | ResumeFlowRun,
    at: datetime,
    key: str,
    value: str,
    sender: str | None = None,
) -> InputStored:
    """The change by which the flow run of *proposal* is given an input."""
    id = derived_id(at, proposal.flow_run_id, proposal.id, "input", key)
    return InputStored(
        input=FlowRunInput(
            id=id,
            flow_run_id=proposal.flow_run_id,
            key=key,
            value=value,
            sender=sender,
            created=at,
        )
    )
