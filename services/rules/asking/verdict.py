"""Verdicts: what a rule says of a proposed state. Refusal is a value, and so is every wish."""

from collections.abc import Mapping

from msgspec import Struct, structs

from events.changes import Change
from events.entities import Entity
from events.policies import PolicyAmendment
from events.proposals import Proposal, TakeSlots
from events.slots import SlotsFound
from events.states import ProposedState, StateDetails

from ..terms import TERMS, Terms


class Pass(Struct, frozen=True, kw_only=True):
    """No objection; the proposed state gets these details and the run's policy this amendment."""

    details: StateDetails | None = None
    policy: PolicyAmendment | None = None


class Rename(Struct, frozen=True):
    """No objection, under another name."""

    name: str


class Reject(Struct, frozen=True, kw_only=True):
    """Not this state but *state*; without one, the run stays where it is."""

    reason: str
    state: ProposedState | None = None
    policy: PolicyAmendment | None = None


class Delay(Struct, frozen=True, kw_only=True):
    """Not yet: ask again after *seconds*."""

    reason: str
    seconds: int


class Abort(Struct, frozen=True):
    """Not at all, and the proposer should stop."""

    reason: str


class Ask(Struct, frozen=True, kw_only=True):
    """Nothing yet: ask again with what is known of *look* and of *take* in the control partition.

    *look* are keys of entities, and *take* asks for slots; both may be asked for many at once.
    """

    look: tuple[str, ...] = ()
    take: TakeSlots | None = None


class Told(Struct, frozen=True, kw_only=True):
    """What was heard of the control partition; None is an entity that there is not.

    *terms* are told before anything is asked.
    """

    terms: Terms = TERMS
    seen: Mapping[str, Entity | None] = {}
    slots: SlotsFound | None = None

    def more(
        self, ask: Ask, known: Mapping[str, Entity], slots: SlotsFound | None = None
    ) -> "Told":
        """This, and the answer to *ask*: what is *known* there, and what became of its wish."""
        if ask.take is not None:
            return structs.replace(self, slots=slots)
        return structs.replace(
            self, seen={**self.seen, **{key: known.get(key) for key in ask.look}}
        )


NOTHING_TOLD = Told()

PASS = Pass()

Verdict = Pass | Rename | Reject | Delay | Abort | Ask


class Aftermath(Struct, frozen=True, kw_only=True):
    """What a rule makes follow once the outcome is known.

    *run_count* is the count of attempts that the state is booked on; *flow_run_run_count* the
    attempt of the flow run that a task run belongs to from now on.
    """

    policy: PolicyAmendment | None = None
    inputs_deleted: tuple[str, ...] = ()
    run_count: int | None = None
    flow_run_run_count: int | None = None
    changes: tuple[Change, ...] = ()
    follow_ups: tuple[Proposal, ...] = ()
