"""Flows change their tags, and go with all that goes with them; then their names are free."""

from uuid import UUID

from events.changes import (
    FlowAmended,
    FlowDeleted,
    FlowRegistered,
    LimitRemoved,
    ResourceRemoved,
)
from events.decisions import Decision
from events.entities import Alias, Flow, flow_key, flow_name_key
from events.proposals import AmendFlow, DeleteFlow, RegisterFlow, StoreResource
from services.rules import needs
from tests.support.case import Case
from tests.support.examples import FLOW, MINUTE, NIGHTLY, NOON

STRANGER = UUID("0190a5b2-6f2e-4a10-9a77-0000000000f9")
ETL = Flow(id=FLOW, name="etl", created=NOON, updated=NOON)
A_FLOW = Decision(
    proposal_id="f",
    kind="register_flow",
    subject=flow_key(FLOW),
    version=1,
    at=NOON,
    changes=(FlowRegistered(flow=ETL),),
)


def flow_of(case: Case) -> Flow:
    flow = case.known[flow_key(FLOW)]
    assert isinstance(flow, Flow)
    return flow


def test_a_flow_has_the_tags_that_it_is_given(case: Case) -> None:
    case.given(A_FLOW)
    case.when(AmendFlow(id="a", flow_id=FLOW, tags=["b", "a"]), at=NOON + MINUTE)
    case.then(FlowAmended(tags=["b", "a"], updated=NOON + MINUTE), subject=flow_key(FLOW))
    flow = flow_of(case)
    assert (flow.tags, flow.updated, flow.version) == (["b", "a"], NOON + MINUTE, 2)


def test_a_flow_that_has_its_tags_already_does_not_change(case: Case) -> None:
    case.given(A_FLOW)
    for proposal in (AmendFlow(id="a", flow_id=FLOW), AmendFlow(id="b", flow_id=FLOW, tags=[])):
        case.when(proposal)
        case.then(subject=flow_key(FLOW))


def test_a_flow_goes_with_its_deployments_and_their_limits(case: Case) -> None:
    case.given(A_FLOW)
    case.asked(StoreResource(id="s", resource=NIGHTLY))
    decision = case.when(DeleteFlow(id="d", flow_id=FLOW))

    assert isinstance(decision, Decision)
    kinds = [type(change) for change in decision.changes]
    assert kinds[-2:] == [ResourceRemoved, FlowDeleted]
    assert set(kinds[:-2]) <= {LimitRemoved}
    case.then(*decision.changes, subject=flow_key(FLOW))
    assert flow_key(FLOW) not in case.known
    assert flow_name_key("etl") not in case.known
    assert not any("nightly" in key or "members" in key for key in case.known)


def test_the_name_of_a_flow_that_is_gone_is_free(case: Case) -> None:
    case.given(A_FLOW)
    case.asked(DeleteFlow(id="d", flow_id=FLOW))
    case.asked(RegisterFlow(id="r", name="etl"))

    alias = case.known[flow_name_key("etl")]
    assert isinstance(alias, Alias)
    assert alias.id != FLOW


def test_a_flow_that_is_not_there_neither_changes_nor_goes(case: Case) -> None:
    for proposal in (AmendFlow(id="a", flow_id=STRANGER), DeleteFlow(id="d", flow_id=STRANGER)):
        case.when(proposal)
        reason = f"Flow with id {STRANGER} not found"
        case.then_undecidable(reason, "flow_id", missing=True)
        assert needs(proposal)[0] == flow_key(STRANGER)
