"""The lease of a deployment's slot goes with the run, from state to state."""

from msgspec import structs

from events.entities import FlowRun
from events.states import ProposedState, State, StateType

from ..asking.rule import TYPES, Question, Rule
from ..asking.verdict import PASS, Pass, Verdict


def keep_the_lease(_: Question[FlowRun], initial: State, proposed: ProposedState) -> Verdict:
    """Give the proposed state the lease of the current one, if it brings none."""
    lease = initial.state_details.deployment_concurrency_lease_id
    details = proposed.state_details
    if lease is None or details.deployment_concurrency_lease_id is not None:
        return PASS
    return Pass(details=structs.replace(details, deployment_concurrency_lease_id=lease))


def start_on_the_lease_of_the_claim(
    _: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Give a run that starts the lease it was claimed with, none included, whatever it brings."""
    lease = initial.state_details.deployment_concurrency_lease_id
    details = proposed.state_details
    if details.deployment_concurrency_lease_id == lease:
        return PASS
    return Pass(details=structs.replace(details, deployment_concurrency_lease_id=lease))


KEEP_THE_LEASE = Rule(
    name="PreserveDeploymentConcurrencyLeaseId",
    leaving=TYPES,
    entering=TYPES,
    before=keep_the_lease,
)

START_ON_THE_LEASE_OF_THE_CLAIM = Rule(
    name="ValidateDeploymentConcurrencyAtRunning",
    leaving=frozenset({StateType.PENDING}),
    entering=frozenset({StateType.RUNNING}),
    before=start_on_the_lease_of_the_claim,
)
