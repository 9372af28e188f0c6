"""Whatever is asked, in whatever order: deciding never raises, and what must hold does hold."""

from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from events.changes import StateEntered
from events.decisions import Decision, Outcome
from events.entities import FlowRun, flow_run_key
from events.policies import FlowRunPolicy, TaskRunPolicy
from events.proposals import (
    AmendFlowRun,
    AmendTaskRun,
    CacheTaskState,
    CreateFlowRun,
    CreateTaskRun,
    DeleteInput,
    DeleteTaskRun,
    FireTimer,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
    RecordedFields,
    RecordTaskRun,
    RegisterFlow,
    ResumeFlowRun,
    StoreInput,
    UnscheduleFlowRun,
    WriteLogs,
)
from events.states import ProposedState, State, StateDetails, StateType
from events.wire.codec import decode_proposal, encode
from tests.support.case import Case
from tests.support.examples import (
    DEPLOYMENT,
    FLOW,
    HOUR,
    LEASE,
    NOON,
    PARENT_RUN,
    PARENT_TASK_RUN,
    RESULT,
    RUN,
    SECOND,
    TASK_RUN,
    UNPERSISTED,
)

TIMES = [
    NOON,
    NOON + SECOND,
    NOON - HOUR,
    NOON + HOUR,
    NOON.astimezone(timezone(timedelta(hours=5))),
]
RUNS = [RUN, PARENT_RUN]

Proposals = st.SearchStrategy[Proposal]


def maybe(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | value


ids = st.text(min_size=1, max_size=3, alphabet="abc")
words = st.text(max_size=4)
times = st.sampled_from(TIMES)
runs = st.sampled_from(RUNS)
task_runs = st.sampled_from([TASK_RUN, PARENT_TASK_RUN])
transitions = st.sampled_from([UUID(int=1), UUID(int=2)])
results: st.SearchStrategy[Any] = st.sampled_from(
    [None, RESULT, UNPERSISTED, {}, {"x": [1]}, 0, "text", [], 10**30]
)
details = st.builds(
    StateDetails,
    scheduled_time=maybe(times),
    pause_timeout=maybe(times),
    pause_reschedule=st.booleans(),
    pause_key=maybe(st.sampled_from(["", "1", "2"])),
    run_input_keyset=maybe(st.sampled_from([{}, {"schema": "a", "response": "paused-1"}])),
    transition_id=maybe(transitions),
    deployment_concurrency_lease_id=maybe(st.just(LEASE)),
    deferred=maybe(st.booleans()),
    cache_key=maybe(st.sampled_from(["", "k", "l"])),
    cache_expiration=maybe(times),
    refresh_cache=maybe(st.booleans()),
    retriable=maybe(st.booleans()),
    task_parameters_id=maybe(transitions),
)
names = maybe(
    st.sampled_from(["", "Late", "Pending", "Suspended", "Resuming", "Submitting"]) | words
)
states = st.builds(
    ProposedState,
    type=st.sampled_from(StateType),
    name=names,
    message=maybe(words),
    data=results,
    state_details=st.just(StateDetails()) | details,
)
policies = st.builds(
    FlowRunPolicy,
    retries=maybe(st.integers(-1, 2)),
    retry_delay=maybe(st.integers(-5, 5)),
    pause_keys=maybe(st.frozensets(st.sampled_from(["1", "2"]))),
    resuming=maybe(st.booleans()),
    retry_type=maybe(st.sampled_from(["in_process", "reschedule"])),
)
versions = maybe(st.sampled_from(["0.8.2", "0.8.4", "1", "", "x.y"]))

creations: Proposals = st.builds(
    CreateFlowRun,
    id=ids,
    flow_run_id=runs,
    flow_id=st.just(FLOW),
    state=maybe(states),
    name=maybe(words),
    deployment_id=maybe(st.just(DEPLOYMENT)),
    idempotency_key=st.sampled_from([None, None, "key"]),
    empirical_policy=policies,
    parent_task_run_id=maybe(st.just(PARENT_TASK_RUN)),
    infrastructure_pid=maybe(words),
)
moves: Proposals = st.builds(
    ProposeFlowRunState,
    id=ids,
    flow_run_id=runs,
    state=states,
    force=st.sampled_from([False, False, True]),
    api_version=versions,
    client_version=maybe(words),
)
amendments: Proposals = st.builds(
    AmendFlowRun,
    id=ids,
    flow_run_id=runs,
    labels=st.dictionaries(words, words, max_size=2),
    job_variables=maybe(st.just({"a": 1})),
    empirical_policy=policies,
)
places = {"task_key": st.sampled_from(["t", "u"]), "dynamic_key": st.just("0")}
others: Proposals = st.one_of(
    st.builds(RegisterFlow, id=ids, name=words),
    st.builds(WriteLogs, id=ids, run_id=runs, lines=st.just([])),
    st.builds(
        CreateTaskRun,
        id=ids,
        flow_run_id=maybe(runs),
        task_run_id=maybe(task_runs),
        state=maybe(states),
        empirical_policy=st.builds(
            TaskRunPolicy,
            retries=maybe(st.integers(-1, 2)),
            retry_delay=maybe(st.integers(-5, 5) | st.lists(st.floats(-1, 9), max_size=3)),
            retry_jitter_factor=maybe(st.floats(0, 100)),
        ),
        **places,
    ),
    st.builds(
        ProposeTaskRunState,
        id=ids,
        task_run_id=task_runs,
        state=states,
        force=st.sampled_from([False, False, True]),
    ),
    st.builds(
        FireTimer,
        id=ids,
        flow_run_id=runs,
        timer=st.sampled_from(["late", "pause", "cancelling"]),
        state_id=transitions,
    ),
    st.builds(UnscheduleFlowRun, id=ids, flow_run_id=runs, state_id=transitions),
    st.builds(
        StoreInput, id=ids, flow_run_id=runs, key=st.sampled_from(["a", "paused-1"]), value=words
    ),
    st.builds(DeleteInput, id=ids, flow_run_id=runs, key=st.sampled_from(["a", "paused-1"])),
    st.builds(
        ResumeFlowRun,
        id=ids,
        flow_run_id=runs,
        run_input=st.sampled_from([{}, {"n": 1}]),
        paused=maybe(transitions),
    ),
    st.builds(AmendTaskRun, id=ids, task_run_id=task_runs, name=words),
    st.builds(DeleteTaskRun, id=ids, task_run_id=task_runs),
    st.builds(
        CacheTaskState,
        id=ids,
        key=st.sampled_from(["k", "l"]),
        state=st.builds(
            State,
            id=transitions,
            type=st.just(StateType.COMPLETED),
            name=words,
            timestamp=times,
            data=results,
        ),
        expiration=maybe(times),
    ),
    st.builds(
        RecordTaskRun,
        id=ids,
        task_run_id=task_runs,
        flow_run_id=maybe(runs),
        state=st.builds(
            State,
            id=transitions,
            type=st.sampled_from(StateType),
            name=words,
            timestamp=times,
            data=results,
        ),
        task_run=st.builds(RecordedFields, name=words, run_count=st.integers(0, 3), **places),
    ),
)
histories = st.lists(
    st.tuples(st.one_of(moves, moves, moves, creations, amendments, others), times),
    min_size=1,
    max_size=12,
)


def _flow_run(case: Case, id: UUID) -> FlowRun | None:
    run = case.known.get(flow_run_key(id))
    return run if isinstance(run, FlowRun) else None


def _hold_together(run: FlowRun) -> None:
    state, booked = run.progress.state, run.progress.booked
    assert state is not None
    assert (booked.end_time is not None) is state.is_final()
    assert (booked.next_scheduled_start_time is not None) is state.is_scheduled()
    assert booked.end_time is None or booked.start_time is not None
    assert booked.expected_start_time is not None
    times = run.progress.state_times
    assert len(set(times)) == len(times)


def _follow(before: FlowRun, after: FlowRun) -> None:
    """What no decision may take back."""
    was, now = before.progress.booked, after.progress.booked
    assert now.run_count - was.run_count in (0, 1)
    assert now.expected_start_time == was.expected_start_time
    assert was.start_time is None or now.start_time == was.start_time
    assert after.attributes.id == before.attributes.id


def _agree(proposal: Proposal, decision: Decision) -> None:
    """The outcome, what was said and what follows tell the same story."""
    entered = [each.state for each in decision.changes if isinstance(each, StateEntered)]
    assert (decision.delay_seconds is not None) is (decision.outcome is Outcome.WAIT)
    assert decision.delay_seconds is None or decision.delay_seconds > 0
    if decision.outcome in (Outcome.WAIT, Outcome.ABORT):
        assert not entered
    if isinstance(proposal, ProposeFlowRunState | ProposeTaskRunState):
        is_accepted = decision.outcome is Outcome.ACCEPT
        assert (decision.reason is None) is (decision.rule is None) is is_accepted
        if is_accepted:
            assert [state.type for state in entered] == [proposal.state.type]
    if decision.follow_ups:
        assert entered


@settings(max_examples=40, deadline=None, database=None)
@given(first=creations, history=histories)
def test_whatever_is_asked_the_laws_hold(
    first: Proposal, history: list[tuple[Proposal, Any]]
) -> None:
    case = Case()
    for proposal, at in [(first, NOON), *history]:
        decoded = decode_proposal(encode(proposal))
        assert decoded == proposal
        before = {id: _flow_run(case, id) for id in RUNS}
        outcome = case.heard(proposal, at)
        if isinstance(outcome, Decision):
            _agree(proposal, outcome)
        for id, was in before.items():
            run = _flow_run(case, id)
            if run is not None:
                _hold_together(run)
            if was is not None:
                assert run is not None
                _follow(was, run)


@settings(max_examples=15, deadline=None, database=None)
@given(history=histories)
def test_states_have_ids_of_their_own(history: list[tuple[Proposal, Any]]) -> None:
    case = Case()
    seen: set[UUID] = set()
    for number, (proposal, at) in enumerate(history):
        outcome = case.heard(_numbered(proposal, number), at)
        if isinstance(outcome, Decision) and not isinstance(proposal, RecordTaskRun):
            entered = {each.state.id for each in outcome.changes if isinstance(each, StateEntered)}
            assert not entered & seen
            seen |= entered


def _numbered(proposal: Proposal, number: int) -> Proposal:
    """Proposals have ids of their own; a repeat is not decided again."""
    return structs.replace(proposal, id=f"{number}")
