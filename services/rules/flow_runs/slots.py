"""A run of a deployment with a limit is claimed with a slot, and gives it back when it leaves.

Who holds a slot has a lease, which goes with the run from state to state. A lease is renewed when
the run starts; one that was lost meanwhile is replaced, if there is room.
"""

from datetime import timedelta
from uuid import UUID

from msgspec import structs

from events.decisions import Outcome
from events.entities import FlowRun
from events.identity import derived_id
from events.proposals import EndLease, Proposal, RenewLease, TakeSlots
from events.slots import ConcurrencyLimit, Found, Holder, limit_key
from events.states import ProposedState, State, StateType
from events.states.constructors import AwaitingConcurrencySlot, Cancelled

from ..asking.clients import OWN_SLOTS, renews_leases
from ..asking.orchestrate import Said
from ..asking.rule import TYPES, Question, Rule
from ..asking.verdict import PASS, Abort, Aftermath, Ask, Pass, Reject, Verdict
from .deployments import DeploymentLimit, limit_seen

HOLDING = frozenset({StateType.PENDING, StateType.RUNNING, StateType.CANCELLING})
"""The states in which a run holds its slot."""

REACHED = "Deployment concurrency limit reached."


def claim_with_a_slot(question: Question[FlowRun], _: State, proposed: ProposedState) -> Verdict:
    """Take a slot for a run that is claimed; without one it waits or is cancelled."""
    if question.client_version in OWN_SLOTS:
        return PASS
    limit = limit_seen(question)
    if limit is None:
        return PASS
    if isinstance(limit, Ask):
        return limit
    if limit.is_missing:
        return Abort("Deployment not found.")
    slots = question.told.slots
    if slots is None:
        return Ask(take=_wish(question, limit))
    if slots.found is Found.EXCEEDED:
        return Abort(
            "The deployment concurrency limit is 0. The flow will deadlock if submitted again."
        )
    if slots.found is Found.FULL:
        if limit.cancels_new:
            return Reject(state=Cancelled(message=REACHED), reason=REACHED)
        due = question.at + timedelta(seconds=question.told.terms.slot_wait_seconds)
        return Reject(state=AwaitingConcurrencySlot(due), reason=REACHED)
    return _with_lease(proposed, slots.lease_id)


def start_with_a_slot(
    question: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Renew the lease of the claim when the run starts; if it was lost, take a slot anew."""
    lease = initial.state_details.deployment_concurrency_lease_id
    if lease is None or not renews_leases(question.client_version):
        return _with_lease(proposed, lease)
    limit = limit_seen(question)
    if isinstance(limit, Ask):
        return limit
    if limit is None or limit.is_missing:
        return _with_lease(proposed, lease)
    slots = question.told.slots
    if slots is None:
        return Ask(take=structs.replace(_wish(question, limit), instead_of=lease))
    if slots.found in (Found.FULL, Found.EXCEEDED):
        return Reject(
            state=Cancelled(
                message="Deployment concurrency slot lost during provisioning - no slots"
                " available to continue execution"
            ),
            reason="Deployment concurrency limit reached after lease expiry.",
        )
    return _with_lease(proposed, slots.lease_id or lease)


def keep_leases_that_are_not_renewed(
    question: Question[FlowRun], initial: State, _: State
) -> Aftermath:
    """The lease of a client that cannot renew it lasts until the run gives it back."""
    lease = initial.state_details.deployment_concurrency_lease_id
    if lease is None or renews_leases(question.client_version):
        return Aftermath()
    return Aftermath(follow_ups=(RenewLease(id=_id(question, "keep"), lease_id=lease),))


def cancel_late_runs_of_full_limits(
    question: Question[FlowRun], _: State, __: ProposedState
) -> Verdict:
    """Cancel a late run that found no slot, where a deployment wants it so.

    The policy that this rule is of is asked for nothing but late states.
    """
    deployment = limit_seen(question)
    if isinstance(deployment, Ask):
        return deployment
    if deployment is None or deployment.limit_id is None or not deployment.cancels_new:
        return PASS
    key = limit_key(deployment.limit_id)
    if key not in question.told.seen:
        return Ask(look=(key,))
    known = question.told.seen[key]
    if not isinstance(known, ConcurrencyLimit) or not known.limit.active:
        return PASS
    if known.limit.active_slots < known.limit.limit:
        return PASS
    return Reject(
        state=Cancelled(message=REACHED),
        reason="Deployment concurrency limit is full and uses the CANCEL_NEW strategy.",
    )


def slots_left(
    question: Question[FlowRun], said: Said, entered: State | None
) -> tuple[Proposal, ...]:
    """What gives back the slot of a run that leaves it, and one that was not needed after all."""
    ending: list[UUID] = []
    granted = question.told.slots
    kept = None if entered is None else entered.state_details.deployment_concurrency_lease_id
    taken = granted.lease_id if granted is not None and granted.found is Found.GRANTED else None
    if taken is not None and taken != kept:
        ending.append(taken)
    left = question.run.progress.state
    if entered is not None and left is not None and left.type in HOLDING:
        lease = left.state_details.deployment_concurrency_lease_id
        goes_on = entered.type in HOLDING or (
            entered.type is StateType.SCHEDULED
            and entered.name == "AwaitingRetry"
            and said.outcome is Outcome.REJECT
        )
        if lease is not None and not goes_on:
            ending.append(lease)
    return tuple(EndLease(id=_id(question, f"end {id}"), lease_id=id) for id in ending)


def lease_held(run: FlowRun) -> UUID | None:
    """The lease by which *run* holds a slot, as far as its state tells."""
    state = run.progress.state
    if state is None:
        return None
    goes_on = state.type is StateType.SCHEDULED and state.name == "AwaitingRetry"
    is_held = state.type in HOLDING or goes_on
    return state.state_details.deployment_concurrency_lease_id if is_held else None


def _wish(question: Question[FlowRun], limit: DeploymentLimit) -> TakeSlots:
    """The proposal to take a slot; its ids come from the run's, so that it is heard once."""
    assert limit.limit_id is not None
    return TakeSlots(
        id=_id(question, "take"),
        limit_ids=[limit.limit_id],
        lease_id=derived_id(question.at, question.subject, question.proposal_id, "lease"),
        ttl_seconds=limit.grace_seconds,
        holder=Holder(type="flow_run", id=question.run.attributes.id),
    )


def _id(question: Question[FlowRun], what: str) -> str:
    return str(derived_id(question.at, question.subject, question.proposal_id, what))


def _with_lease(proposed: ProposedState, lease: UUID | None) -> Verdict:
    details = proposed.state_details
    if details.deployment_concurrency_lease_id == lease:
        return PASS
    return Pass(details=structs.replace(details, deployment_concurrency_lease_id=lease))


START_WITH_A_SLOT = Rule(
    name="ValidateDeploymentConcurrencyAtRunning",
    leaving=frozenset({StateType.PENDING}),
    entering=frozenset({StateType.RUNNING}),
    before=start_with_a_slot,
)

CLAIM_WITH_A_SLOT = Rule(
    name="SecureFlowConcurrencySlots",
    leaving=TYPES - HOLDING,
    entering=frozenset({StateType.PENDING}),
    before=claim_with_a_slot,
)

KEEP_LEASES_THAT_ARE_NOT_RENEWED = Rule(
    name="RemoveDeploymentConcurrencyLeaseForOldClientVersions",
    leaving=frozenset({StateType.PENDING}),
    entering=frozenset({StateType.RUNNING, StateType.CANCELLING}),
    after=keep_leases_that_are_not_renewed,
)

CANCEL_LATE_RUNS_OF_FULL_LIMITS = Rule(
    name="EnforceDeploymentConcurrencyOnLate",
    leaving=frozenset({StateType.SCHEDULED}),
    entering=frozenset({StateType.SCHEDULED}),
    before=cancel_late_runs_of_full_limits,
)
