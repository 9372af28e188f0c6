"""The frame of a decision: whose proposal it answers, about what, and the outcome."""

from datetime import datetime

from events.changes import Change
from events.decisions import NO_FACTS, Asked, Decision, Facts, Undecidable
from events.proposals import Proposal
from events.wire.registry import PROPOSALS, name_of

from ..asking.orchestrate import ACCEPTED, Said

KINDS: dict[type, str] = {kind: name_of(kind).partition(".")[0] for kind in PROPOSALS}
"""What a decision calls the kind of its proposal: the name on the wire without its version."""


def decision(
    proposal: Proposal,
    subject: str,
    version: int,
    at: datetime,
    changes: tuple[Change, ...] = (),
    said: Said = ACCEPTED,
    asked: Asked | None = None,
    facts: Facts = NO_FACTS,
    follow_ups: tuple[Proposal, ...] = (),
) -> Decision:
    """The answer to *proposal* about *subject*, whose decision number *version* this is."""
    return Decision(
        proposal_id=proposal.id,
        kind=KINDS[type(proposal)],
        subject=subject,
        version=version,
        at=at,
        by=proposal.by,
        outcome=said.outcome,
        reason=said.reason,
        rule=said.rule,
        delay_seconds=said.delay_seconds,
        asked=asked,
        facts=facts,
        changes=changes,
        follow_ups=follow_ups,
    )


def unknown_flow(id: object) -> Undecidable:
    """There is no flow *id* to decide on."""
    return Undecidable(reason=f"Flow with id {id} not found", field="flow_id", missing=True)


def unknown_flow_run(id: object) -> Undecidable:
    """There is no flow run *id* to decide on."""
    return Undecidable(reason=f"Flow run with id {id} not found", field="flow_run_id", missing=True)


def unknown_task_run(id: object) -> Undecidable:
    """There is no task run *id* to decide on."""
    return Undecidable(reason=f"Task run with id {id} not found", field="task_run_id", missing=True)
