"""Resources are stored, amended and removed; what is impossible is refused, with the rule named."""

from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from events.changes import FlowRegistered, ResourceRemoved, ResourceStored
from events.decisions import Decision, Outcome
from events.entities import COUNT_MAX, Alias, Flow, Members, flow_key
from events.proposals import AmendResource, RemoveResource, StoreResource
from events.resources.deployments import Deployment
from events.resources.folding import removed
from events.resources.registry import key_of, members_key, name_key, names_of
from events.resources.resource import DECIDED_MAX, Resource
from events.resources.work_pools import WorkPool, WorkQueue
from events.wire.codec import encode
from events.wire.snapshots import entity_of, fields_of
from services.rules import answered, needs
from tests.support.case import Case
from tests.support.examples import (
    DEFAULT_QUEUE,
    DEPLOYMENT,
    DOCKER,
    FLOW,
    MINUTE,
    NIGHTLY,
    NOON,
    POOL,
    QUEUE,
)

OTHER = UUID("0190a5b2-6f2e-4a10-9a77-0000000000d9")
NAMED_NIGHTLY = name_key(Deployment, flow_id=FLOW, name="nightly")
QUEUES = members_key("work_queue", POOL)
A_FLOW = Decision(
    proposal_id="f",
    kind="register_flow",
    subject=flow_key(FLOW),
    version=1,
    at=NOON,
    changes=(FlowRegistered(flow=Flow(id=FLOW, name="etl", created=NOON, updated=NOON)),),
)


def store(resource: Any, **how: Any) -> StoreResource:
    given: dict[str, Any] = {"id": "store", **how}
    return StoreResource(resource=resource, **given)


def amend(kind: str, resource_id: UUID, **fields: Any) -> AmendResource:
    return AmendResource(id="amend", kind=kind, resource_id=resource_id, fields=fields)


def made(resource: Any, **fields: Any) -> Any:
    return structs.replace(resource, created=NOON, updated=NOON, revision=1, **fields)


def refused(decision: Decision) -> tuple[str | None, str | None]:
    assert (decision.outcome, decision.changes) == (Outcome.REJECT, ())
    return decision.rule, decision.reason


@pytest.fixture
def pool(case: Case) -> Case:
    """A pool with its default queue, and a flow with a deployment."""
    case.given(A_FLOW)
    case.asked(store(DOCKER, id="pool", along=[DEFAULT_QUEUE]), store(NIGHTLY, id="nightly"))
    return case


def test_a_resource_is_known_by_its_id_its_name_and_its_parent(case: Case) -> None:
    case.given(A_FLOW)
    decision = case.decided(store(structs.replace(NIGHTLY, revision=7, decided={"a": "b"})))

    assert decision.changes == (ResourceStored(resource=made(NIGHTLY)),)
    assert case.known[key_of(NIGHTLY)] == made(NIGHTLY, decided={"store": "0-2"})
    assert case.known[NAMED_NIGHTLY] == Alias(id=DEPLOYMENT)
    assert case.known[members_key("deployment", FLOW)] == Members(ids=(DEPLOYMENT,))


def test_what_is_stored_along_comes_with_it(pool: Case) -> None:
    assert pool.known[key_of(DEFAULT_QUEUE)] == made(DEFAULT_QUEUE)
    assert pool.known[QUEUES] == Members(ids=(QUEUE,))


@pytest.mark.parametrize("id", [DEPLOYMENT, OTHER])
def test_a_name_belongs_to_one_resource(pool: Case, id: UUID) -> None:
    decision = pool.decided(store(structs.replace(NIGHTLY, id=id)))

    why = "A deployment with this name already exists."
    assert refused(decision) == ("KeepNamesUnique", why)
    assert decision.subject == key_of(NIGHTLY)


def test_a_queue_that_comes_as_last_is_behind_all_others_of_its_pool(pool: Case) -> None:
    second, third = UUID(int=2), UUID(int=3)
    urgent = structs.replace(DEFAULT_QUEUE, id=OTHER, name="urgent", priority=7)
    pool.asked(store(urgent, id="urgent"))
    for id, expected in ((second, 8), (third, 9)):
        queue = structs.replace(DEFAULT_QUEUE, id=id, name=str(id))
        decision = pool.decided(store(queue, id=str(id), as_last=True))
        assert decision.changes == (ResourceStored(resource=made(queue, priority=expected)),)
    pool.asked(amend("work_queue", third, priority=COUNT_MAX))
    queue = structs.replace(DEFAULT_QUEUE, id=UUID(int=4), name="4")
    decision = pool.decided(store(queue, id="4", as_last=True))
    stored = ResourceStored(resource=made(queue, priority=COUNT_MAX))
    assert decision.changes == (stored,), "there is nothing behind it"


def test_only_queues_have_an_order_to_come_last_in(pool: Case) -> None:
    for resource in (structs.replace(DOCKER, id=OTHER, name="k8s"), NIGHTLY):
        new = structs.replace(resource, id=OTHER, name="new")
        decision = pool.decided(store(new, id=f"{resource.id}", as_last=True))
        assert decision.changes == (ResourceStored(resource=made(new)),)


def test_the_first_queue_of_a_pool_may_come_as_last(case: Case) -> None:
    case.asked(store(DOCKER, id="pool"))
    decision = case.decided(store(structs.replace(DEFAULT_QUEUE, priority=5), as_last=True))
    assert decision.changes == (ResourceStored(resource=made(DEFAULT_QUEUE)),)


def test_the_same_name_in_another_parent_is_another(pool: Case) -> None:
    second = structs.replace(DOCKER, id=OTHER, name="k8s")
    queue = structs.replace(DEFAULT_QUEUE, id=DEPLOYMENT, work_pool_id=OTHER)

    assert pool.decided(store(second, along=[queue])).outcome is Outcome.ACCEPT


def test_what_exists_can_be_kept(pool: Case) -> None:
    again = structs.replace(NIGHTLY, id=OTHER, tags=["new"])
    decision = pool.decided(store(again, if_exists="keep"))

    assert (decision.outcome, decision.subject, decision.changes) == (
        Outcome.ACCEPT, key_of(NIGHTLY), (),
    )  # fmt: skip


def test_what_exists_can_take_over_what_is_given(pool: Case) -> None:
    again = structs.replace(NIGHTLY, id=OTHER, tags=["new"], path="p", description="not given")
    given = ["id", "tags", "path"]
    decision = pool.decided(store(again, if_exists="amend", given=given), NOON + MINUTE)

    after = structs.replace(
        made(NIGHTLY), updated=NOON + MINUTE, revision=2, tags=["new"], path="p"
    )
    assert decision.changes == (ResourceStored(resource=after),)


def test_what_is_given_must_be_a_field(pool: Case) -> None:
    pool.when(store(NIGHTLY, if_exists="amend", given=["colour"]))
    pool.then_undecidable("no field is called colour", "given")


def test_a_resource_needs_its_parent(case: Case) -> None:
    rule = "KnowParents"
    assert refused(case.decided(store(NIGHTLY))) == (rule, f"There is no flow {FLOW}.")
    assert refused(case.decided(store(DEFAULT_QUEUE))) == (rule, f"There is no work pool {POOL}.")
    along = store(DOCKER, along=[structs.replace(DEFAULT_QUEUE, work_pool_id=OTHER)])
    assert refused(case.decided(along)) == (rule, f"There is no work pool {OTHER}.")
    assert case.known == {}


def test_the_fields_that_are_named_change_and_no_others(pool: Case) -> None:
    queue = made(DEFAULT_QUEUE)
    decision = pool.decided(amend("work_queue", QUEUE, priority=4), NOON + MINUTE)

    after = structs.replace(queue, priority=4, updated=NOON + MINUTE, revision=2)
    assert decision.changes == (ResourceStored(resource=after),)
    assert pool.known[key_of(queue)] == structs.replace(after, decided={"amend": "0-4"})


def test_amending_to_what_is_so_already_changes_nothing(pool: Case) -> None:
    assert pool.decided(amend("work_queue", QUEUE, priority=1)).changes == ()


def test_who_is_renamed_leaves_the_old_name(pool: Case) -> None:
    pool.decided(amend("work_queue", QUEUE, name="first"))

    old, new = (name_key(WorkQueue, work_pool_id=POOL, name=name) for name in ("default", "first"))
    assert old not in pool.known
    assert pool.known[new] == Alias(id=QUEUE)
    assert pool.known[QUEUES] == Members(ids=(QUEUE,))


def test_nobody_is_renamed_to_another(pool: Case) -> None:
    pool.asked(store(structs.replace(DEFAULT_QUEUE, id=OTHER, name="other"), id="other"))

    decision = pool.decided(amend("work_queue", OTHER, name="default"))
    assert refused(decision)[0] == "KeepNamesUnique"


@pytest.mark.parametrize("field", ["id", "revision", "decided", "flow_id", "colour"])
def test_some_fields_cannot_be_amended(pool: Case, field: str) -> None:
    pool.when(amend("deployment", DEPLOYMENT, **{field: "x"}))
    pool.then_undecidable(f"{field} cannot be amended", f"fields.{field}")


def test_a_field_keeps_its_type(pool: Case) -> None:
    pool.when(amend("deployment", DEPLOYMENT, tags=3))
    pool.then_undecidable("Expected `array`, got `int`", "tags")


def test_who_says_what_was_read_amends_nothing_newer(pool: Case) -> None:
    asked = structs.replace(amend("work_pool", POOL, description="a"), revision=1)
    assert pool.decided(asked).outcome is Outcome.ACCEPT
    late = structs.replace(asked, id="late")
    why = "This work pool has changed since it was read."
    assert refused(pool.decided(late)) == ("AmendWhatWasRead", why)


def test_a_resource_goes_with_its_names_and_its_place(pool: Case) -> None:
    decision = pool.decided(RemoveResource(id="r", kind="deployment", resource_id=DEPLOYMENT))

    assert decision.changes == (ResourceRemoved(kind="deployment", id=DEPLOYMENT),)
    gone = {key_of(NIGHTLY), NAMED_NIGHTLY, members_key("deployment", FLOW)}
    assert gone.isdisjoint(pool.known)


def test_what_goes_with_a_resource_goes_first(pool: Case) -> None:
    pool.asked(store(structs.replace(DEFAULT_QUEUE, id=OTHER, name="other"), id="other"))
    pool.decided(RemoveResource(id="q", kind="work_queue", resource_id=QUEUE))
    assert pool.known[QUEUES] == Members(ids=(OTHER,))
    pool.asked(store(DEFAULT_QUEUE, id="again"))

    decision = pool.decided(RemoveResource(id="r", kind="work_pool", resource_id=POOL))
    assert decision.changes == (
        ResourceRemoved(kind="work_queue", id=OTHER),
        ResourceRemoved(kind="work_queue", id=QUEUE),
        ResourceRemoved(kind="work_pool", id=POOL),
    )
    assert not any("work_" in key for key in pool.known)


@pytest.mark.parametrize(
    "ask",
    [
        amend("work_pool", OTHER, description="a"),
        RemoveResource(id="r", kind="work_pool", resource_id=OTHER),
    ],
)
def test_what_is_not_there_is_neither_amended_nor_removed(
    case: Case, ask: AmendResource | RemoveResource
) -> None:
    why = f"There is no work pool {OTHER}."
    assert refused(case.decided(ask)) == ("KnowResources", why)


@pytest.mark.parametrize(
    "ask", [amend("colour", OTHER), RemoveResource(id="r", kind="colour", resource_id=OTHER)]
)
def test_there_are_no_other_kinds(case: Case, ask: AmendResource | RemoveResource) -> None:
    assert needs(ask) == ()
    case.when(ask)
    case.then_undecidable("no kind of resource is called colour", "kind")


def test_a_proposal_that_is_repeated_finds_its_first_answer(pool: Case) -> None:
    first = store(structs.replace(NIGHTLY, id=OTHER, name="weekly"), id="first")
    pool.asked(first)
    repeated = store(structs.replace(NIGHTLY, id=POOL, name="weekly"), id="first")

    assert answered(pool.known, first) == answered(pool.known, repeated) == "0-4"
    for n in range(DECIDED_MAX):
        pool.asked(structs.replace(amend("deployment", OTHER, path=str(n)), id=f"a{n}"))
    assert answered(pool.known, first) is None


def test_needs_leads_from_name_to_resource_and_from_parent_to_child(pool: Case) -> None:
    again = structs.replace(NIGHTLY, id=OTHER)
    assert key_of(NIGHTLY) not in needs(store(again))
    assert key_of(NIGHTLY) in needs(store(again), pool.known)
    remove = RemoveResource(id="r", kind="work_pool", resource_id=POOL)
    assert key_of(DEFAULT_QUEUE) not in needs(remove)
    assert key_of(DEFAULT_QUEUE) in needs(remove, pool.known)


def test_every_kind_is_stored_and_read_again(pool: Case) -> None:
    for key in (key_of(NIGHTLY), NAMED_NIGHTLY, QUEUES):
        assert entity_of(key, [encode(pool.known[key])]) == pool.known[key]
        assert fields_of(key) == (key,)


def test_who_has_never_been_leaves_nothing_behind() -> None:
    assert removed({}, {}, "work_pool", POOL) == {key_of(DOCKER): None}


def test_a_resource_without_a_name_has_no_alias() -> None:
    nameless: Resource = structs.replace(DOCKER, name=None)
    assert names_of(nameless) == ()
    assert names_of(WorkPool(id=POOL, name="a")) == ("name:work_pool:name:a",)
