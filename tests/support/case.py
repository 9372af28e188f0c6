"""given, when, then: what has happened, what is asked, exactly what must follow; and the laws.

Whatever is asked, a `when` checks that deciding depends on its arguments alone and leaves them
as they are, that the decision counts its subject's decisions, that the same proposal is known
again afterwards, and that nothing is lost on the wire.
"""

from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, structs

from events.changes import Change, Left, StateEntered
from events.decisions import NO_FACTS, Asked, Decision, Facts, Outcome, Recorded, Undecidable
from events.entities import (
    Bookkeeping,
    Entity,
    Flow,
    FlowRun,
    TaskCache,
    TaskRun,
    flow_run_key,
    task_cache_key,
    task_run_key,
)
from events.evolve import evolve, learn
from events.identity import cache_id_of, derived_id
from events.policies import FlowRunPolicy
from events.proposals import (
    AmendTaskRun,
    CacheTaskState,
    CreateFlowRun,
    CreateTaskRun,
    DeleteTaskRun,
    FireTimer,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
    SlotProposal,
    UnscheduleFlowRun,
    WriteLogs,
)
from events.resources.deployments import Deployment
from events.resources.registry import resource_key
from events.resources.resource import Resource
from events.slots import ConcurrencyLease, ConcurrencyLimit, limit_key
from events.states import DEFAULT_NAMES, NO_DETAILS, ProposedState, State, StateDetails, StateType
from events.wire.codec import decode_decision, decode_proposal, encode
from events.wire.registry import name_of
from services.rules import TERMS, Ask, Terms, Told, answered, decide, needs
from tests.support.examples import DEPLOYMENT, FLOW, NOON, RUN, TASK_RUN


class Control:
    """The control partition, as those see it who ask for slots; it has one deployment."""

    def __init__(self) -> None:
        self.known: dict[str, Entity] = {}
        self.decisions: list[Decision] = []
        self.terms = TERMS
        self.deploy()

    def deploy(self, **fields: Any) -> None:
        """The deployment of the flow run that tests speak about is as *fields* say."""
        deployment = Deployment(id=DEPLOYMENT, flow_id=FLOW, name="daily")
        key = resource_key("deployment", DEPLOYMENT)
        self.known[key] = structs.replace(deployment, **fields)

    def decided(self, proposal: Proposal, at: datetime = NOON) -> Decision:
        """The decision on *proposal*."""
        decision = decide(self.known, proposal, at, Told(terms=self.terms))
        assert isinstance(decision, Decision), decision
        self.decisions.append(decision)
        position = len(self.decisions)
        recorded = Recorded(partition=1, position=position, time_ms=0, decision=decision)
        learn(self.known, evolve(self.known, recorded))
        return decision

    def told(self, ask: Ask, told: Told, at: datetime) -> Told:
        """*told*, and the answer to *ask*."""
        if ask.take is None:
            return told.more(ask, self.known)
        return told.more(ask, {}, self.decided(ask.take, at).facts.slots)

    def leases(self, id: UUID) -> dict[UUID, int]:
        """How many slots of the limit *id* each lease holds."""
        limit = self.known[limit_key(id)]
        assert isinstance(limit, ConcurrencyLimit)
        assert limit.limit.active_slots == sum(held.slots for held in limit.leases.values())
        return {lease: held.slots for lease, held in limit.leases.items()}


REMEMBERING = (FlowRun, TaskRun, TaskCache, Resource)
"""What knows the proposals that it was decided on."""


class Case:
    """One partition, as the rules see it."""

    def __init__(self) -> None:
        self.known: dict[str, Entity] = {}
        self.control = Control()
        self.before: dict[str, Entity] = {}
        self.position = 0
        self.terms = TERMS
        self.recorded: Recorded
        self._proposal: Proposal | None = None
        self._at = NOON
        self._outcome: Decision | Undecidable | None = None

    def on_terms(self, **terms: Any) -> None:
        """From now on the rules have these terms, and for the rest the usual ones."""
        self.terms = self.control.terms = Terms(**terms)

    @property
    def flow_run(self) -> FlowRun:
        """The flow run that tests speak about, as it is now."""
        run = self.known[flow_run_key(RUN)]
        assert isinstance(run, FlowRun)
        return run

    @property
    def state(self) -> State:
        """The state that this flow run is in now."""
        state = self.flow_run.progress.state
        assert state is not None
        return state

    @property
    def policy(self) -> FlowRunPolicy:
        """Its policy, as it is now."""
        return self.flow_run.progress.policy

    @property
    def task_run(self) -> TaskRun:
        """The task run that tests speak about, as it is now."""
        run = self.known[task_run_key(TASK_RUN)]
        assert isinstance(run, TaskRun)
        return run

    def given(self, *history: Decision) -> None:
        """These decisions were made, in this order."""
        for decision in history:
            self._fold(decision)

    def asked(self, *proposals: Proposal, at: datetime = NOON) -> None:
        """These proposals were decided, whatever the decisions were."""
        for proposal in proposals:
            self.decided(proposal, at)

    def decided(self, proposal: Proposal, at: datetime = NOON) -> Decision:
        """The decision on *proposal*, for tests that look at one side of it."""
        outcome = self.heard(proposal, at)
        assert isinstance(outcome, Decision), outcome
        return outcome

    def heard(self, proposal: Proposal, at: datetime = NOON) -> Decision | Undecidable:
        """What is answered, whatever it is."""
        outcome, self._outcome = self.when(proposal, at), None
        return outcome

    def accepts(self, proposal: Proposal, at: datetime = NOON) -> None:
        """*proposal* is accepted without a word, and the state that was proposed is entered."""
        decision = self.decided(proposal, at)
        assert (decision.outcome, decision.reason, decision.rule) == (Outcome.ACCEPT, None, None)
        (entered,) = [each.state for each in decision.changes if isinstance(each, StateEntered)]
        assert isinstance(proposal, ProposeFlowRunState | ProposeTaskRunState)
        proposed = proposal.state
        name = DEFAULT_NAMES[proposed.type] if proposed.name is None else proposed.name
        assert (entered.type, entered.name) == (proposed.type, name)
        assert entered.message == proposed.message

    def when(self, proposal: Proposal, at: datetime = NOON) -> Decision | Undecidable:
        """*proposal* is decided at *at*."""
        assert self._outcome is None, "a when without a then proves nothing"
        seen = deepcopy(self.known)
        told = Told(terms=self.terms)
        while isinstance(outcome := decide(self.known, proposal, at, told), Ask):
            told = self.control.told(outcome, told, at)
        again = decide(deepcopy(self.known), proposal, at, told)
        assert again == outcome, "something else decides"
        assert self.known == seen, "deciding changed what was known"
        assert decode_proposal(encode(proposal)) == proposal, "the proposal is lost on the wire"
        asked_for = set(needs(proposal, self.known))
        narrowed = {key: each for key, each in self.known.items() if key in asked_for}
        assert decide(narrowed, proposal, at, told) == outcome, "needs names too little"
        if isinstance(outcome, Decision):
            self._check(proposal, outcome)
        self._proposal, self._at, self._outcome = proposal, at, outcome
        return outcome

    def then(
        self,
        *changes: Change,
        outcome: Outcome = Outcome.ACCEPT,
        reason: str | None = None,
        rule: str | None = None,
        delay_seconds: int | None = None,
        subject: str | None = None,
        facts: Facts | None = None,
        follow_ups: tuple[Proposal, ...] = (),
    ) -> None:
        """Exactly this was decided, every field of it."""
        proposal, decided = self._proposal, self._outcome
        assert proposal is not None
        assert isinstance(decided, Decision), decided
        self._outcome = None
        subject = subject or _subject_of(proposal)
        assert decided == Decision(
            proposal_id=proposal.id,
            kind=name_of(type(proposal)).removesuffix(".v1"),
            subject=subject,
            version=0 if isinstance(proposal, WriteLogs) else _version(self.before, subject) + 1,
            at=self._at,
            by=proposal.by,
            outcome=outcome,
            reason=reason,
            rule=rule,
            delay_seconds=delay_seconds,
            asked=_asked(proposal),
            facts=_facts(proposal) if facts is None else facts,
            changes=changes,
            follow_ups=follow_ups,
        )

    def then_undecidable(self, reason: str, field: str | None, *, missing: bool = False) -> None:
        """No rule can answer this."""
        decided, self._outcome = self._outcome, None
        assert decided == Undecidable(reason=reason, field=field, missing=missing)

    def entered(
        self,
        type: StateType,
        name: str | None = None,
        *,
        booked: Bookkeeping,
        timestamp: datetime | None = None,
        message: str | None = None,
        data: object = None,
        details: StateDetails = NO_DETAILS,
        task: bool = False,
    ) -> StateEntered:
        """The change that the run, as it was when asked, entered this state."""
        assert self._proposal is not None
        key = task_run_key(TASK_RUN) if task else flow_run_key(RUN)
        run = self.before.get(key)
        details = structs.replace(details, flow_run_id=RUN)
        if task:
            details = structs.replace(details, task_run_id=TASK_RUN)
        return StateEntered(
            state=State(
                id=derived_id(self._at, key, self._proposal.id, "state"),
                type=type,
                name=DEFAULT_NAMES[type] if name is None else name,
                timestamp=timestamp or self._at,
                message=message,
                data=data,
                state_details=details,
            ),
            booked=booked,
            left=_left(run, booked),
        )

    def finish(self) -> None:
        """At the end of a test: nothing that was asked is left unjudged."""
        assert self._outcome is None, "a when without a then proves nothing"

    def _check(self, proposal: Proposal, decision: Decision) -> None:
        assert decode_decision(encode(decision)) == decision, "the decision is lost on the wire"
        entered = [each for each in decision.changes if isinstance(each, StateEntered)]
        assert len(entered) <= 1, "a decision enters two states"
        fires_in_vain = (
            isinstance(proposal, FireTimer | UnscheduleFlowRun)
            and decision.subject not in self.known
        )
        if not isinstance(proposal, WriteLogs) and not fires_in_vain:
            assert decision.version == _version(self.known, decision.subject) + 1
        asked_for = set(needs(proposal, self.known))
        narrowed = {key: each for key, each in self.known.items() if key in asked_for}
        entry_id = self._fold(decision)
        assert evolve(narrowed, self.recorded) == evolve(self.before, self.recorded), (
            "needs names too little to fold the decision"
        )
        # what is gone remembers nothing: who asks again finds nothing
        subject = self.known.get(decision.subject) if decision.version else None
        if isinstance(subject, REMEMBERING) or isinstance(proposal, SlotProposal):
            assert answered(self.known, proposal) == entry_id, "the same is decided twice"

    def _fold(self, decision: Decision) -> str:
        self.position += 1
        recorded = Recorded(partition=0, position=self.position, time_ms=0, decision=decision)
        self.before, self.recorded = dict(self.known), recorded
        learn(self.known, evolve(self.known, recorded))
        return recorded.entry_id


def _version(known: dict[str, Entity], subject: str) -> int:
    match known.get(subject):
        case FlowRun(progress=progress) | TaskRun(progress=progress):
            return progress.version
        case Flow(version=version) | TaskCache(version=version):
            return version
        case ConcurrencyLimit(version=version) | ConcurrencyLease(version=version):
            return version
        case Resource(revision=revision):
            return revision
        case _:
            return 0


def _left(run: Entity | None, now: Bookkeeping) -> Left | None:
    if not isinstance(run, FlowRun | TaskRun) or run.progress.state is None:
        return None
    state, booked = run.progress.state, run.progress.booked
    expected = booked.expected_start_time
    return Left(
        id=state.id,
        type=state.type,
        name=state.name,
        timestamp=state.timestamp,
        message=state.message,
        start_time=booked.start_time,
        total_run_time=booked.total_run_time,
        expected_start_time=UNSET if expected == now.expected_start_time else expected,
    )


def _subject_of(proposal: Proposal) -> str:
    match proposal:
        case WriteLogs(run_id=id):
            return flow_run_key(id)
        case (
            ProposeTaskRunState(task_run_id=id)
            | AmendTaskRun(task_run_id=id)
            | DeleteTaskRun(task_run_id=id)
        ):
            return task_run_key(id)
        case CacheTaskState(key=key):
            return task_cache_key(cache_id_of(key))
        case _:
            return flow_run_key(RUN)


def _asked(proposal: Proposal) -> Asked | None:
    match proposal:
        case ProposeFlowRunState(state=state, force=force):
            return Asked(type=state.type, name=state.name, force=force)
        case ProposeTaskRunState(state=state, force=force):
            return Asked(type=state.type, name=state.name, force=force)
        case CreateFlowRun(state=state) | CreateTaskRun(state=state):
            first = state or ProposedState(type=StateType.PENDING)
            return Asked(type=first.type, name=first.name)
        case _:
            return None


def _facts(proposal: Proposal) -> Facts:
    match proposal:
        case ProposeFlowRunState(api_version=api, client_version=client):
            return Facts(api_version=api, client_version=client)
        case ProposeTaskRunState(api_version=api) | CreateFlowRun(api_version=api):
            return Facts(api_version=api)
        case _:
            return NO_FACTS
