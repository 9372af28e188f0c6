"""The lease of a deployment's slot goes with the run, from state to state."""

from msgspec import structs

from events.entities import FlowRun
from events.states import ProposedState, State

from ..asking.rule import TYPES, Question, Rule
from ..asking.verdict import PASS, Pass, Verdict


def keep_the_lease(_: Question[FlowRun], initial: State, proposed: ProposedState) -> Verdict:
    """Give the proposed state the lease of the current one, if it brings none."""
    lease = initial.state_details.deployment_concurrency_lease_id
    details = proposed.state_details
    if lease is None or details.deployment_concurrency_lease_id is not None:
        return PASS
    return Pass(details=structs.replace(details, deployment_concurrency_lease_id=lease))


KEEP_THE_LEASE = Rule(
    name="PreserveDeploymentConcurrencyLeaseId",
    leaving=TYPES,
    entering=TYPES,
    before=keep_the_lease,
)
