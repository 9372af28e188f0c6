"""Decisions: the answers of the rules, and the only thing that the log holds."""

from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from .changes import Change
from .instants import Instant
from .proposals import Proposal
from .slots import SlotsFound
from .states import StateType

TOLD = "record_task_run"
"""The kind of decisions that take over what an engine told."""


class Outcome(StrEnum):
    """What became of a proposal; the values are the wire format."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    WAIT = "WAIT"
    ABORT = "ABORT"


class Asked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state that was proposed, in short."""

    type: StateType
    name: str | None = None
    force: bool = False


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the rules were told besides the run and the proposed state.

    A task run that is to run: where its flow run was, and the cached state that it took over.
    *slots* is what became of the wish for slots of concurrency limits.
    """

    api_version: str | None = None
    client_version: str | None = None
    flow_run_state: StateType | None = None
    flow_run_run_count: int | None = None
    cached_state_id: UUID | None = None
    slots: SlotsFound | None = None


NO_FACTS = Facts()


class Decision(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.v1"
):
    """One proposal decided: the outcome, why, and what follows.

    *subject* is the key of the entity decided on and *version* that entity's number of decisions,
    this one included; logs have no version. *at* is the instant of intake, *by* who asked.
    *follow_ups* are proposals to other runs that this decision causes.
    """

    proposal_id: str
    kind: str
    subject: str
    version: int = 0
    at: Instant
    by: str | None = None
    outcome: Outcome = Outcome.ACCEPT
    reason: str | None = None
    rule: str | None = None
    delay_seconds: int | None = None
    asked: Asked | None = None
    facts: Facts = NO_FACTS
    changes: tuple[Change, ...] = ()
    follow_ups: tuple[Proposal, ...] = ()

    @property
    def subject_id(self) -> UUID:
        """The id of the entity decided on."""
        return UUID(self.subject.rpartition(":")[2])


class Undecidable(Struct, frozen=True, kw_only=True):
    """A proposal that no rule can answer: malformed, misplaced, or about an unknown run.

    *field* names what is wrong; *missing* tells an unknown run from a bad proposal.
    """

    reason: str
    field: str | None = None
    missing: bool = False


class Recorded(Struct, frozen=True, kw_only=True):
    """A decision in its place in a partition's log. *time_ms* is when it was decided."""

    partition: int
    position: int
    time_ms: int
    decision: Decision

    @property
    def entry_id(self) -> str:
        """The stream id: milliseconds that never go back, and a position without gaps."""
        return f"{self.time_ms}-{self.position}"
