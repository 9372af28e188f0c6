"""Which entities a proposal is about, and whether it was answered before."""

from collections.abc import Mapping
from typing import assert_never
from uuid import UUID

from events.entities import (
    Alias,
    Entity,
    Flow,
    FlowRun,
    TaskCache,
    TaskRun,
    flow_key,
    flow_name_key,
    flow_run_inputs_key,
    flow_run_key,
    task_cache_key,
    task_place_key,
    task_run_key,
)
from events.identity import cache_id_of, task_run_id_of
from events.proposals import (
    AmendFlow,
    AmendFlowRun,
    AmendLimit,
    AmendResource,
    AmendTaskRun,
    CacheTaskState,
    CreateFlowRun,
    CreateLimit,
    CreateTaskRun,
    DeleteFlow,
    DeleteFlowRun,
    DeleteInput,
    DeleteLimit,
    DeleteTaskRun,
    EndLease,
    EndLeasesOf,
    FireTimer,
    GiveSlots,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
    ReapLease,
    RecordTaskRun,
    RegisterFlow,
    RemoveResource,
    RenewLease,
    ResetLimit,
    ResumeFlowRun,
    SlotProposal,
    StoreInput,
    StoreResource,
    TakeSlots,
    UnscheduleFlowRun,
    WriteLogs,
)
from events.resources.resource import Resource
from events.states import ProposedState, StateType

from .resources import (
    keys_of_children,
    keys_to_amend,
    keys_to_remove,
    keys_to_store,
    resource_of,
    stored_before,
)
from .slots.known import answered_before, needed
from .task_runs.caching import key_to_look_up

NOTHING_KNOWN: Mapping[str, Entity] = {}


def needs(proposal: Proposal, known: Mapping[str, Entity] = NOTHING_KNOWN) -> tuple[str, ...]:
    """The keys of the entities that deciding *proposal* needs.

    An alias, a task run or a resource may lead to more: ask again with what is *known* after
    loading the first, until nothing new is named. What is cached may live in another partition,
    see `Streams.of_key`.
    """
    match proposal:
        case ProposeFlowRunState(flow_run_id=id, state=state):
            if state.state_details.run_input_keyset and state.type is StateType.PAUSED:
                return (flow_run_key(id), flow_run_inputs_key(id))
            return (flow_run_key(id),)
        case CreateFlowRun() | AmendFlowRun() | FireTimer():
            return (flow_run_key(proposal.flow_run_id),)
        case StoreInput() | DeleteInput() | ResumeFlowRun() | UnscheduleFlowRun():
            return (flow_run_key(proposal.flow_run_id), flow_run_inputs_key(proposal.flow_run_id))
        case DeleteFlowRun(flow_run_id=id, task_run_ids=task_runs):
            keys = (key for each in task_runs for key in _with_its_place(known, each))
            return (flow_run_key(id), flow_run_inputs_key(id), *keys)
        case AmendTaskRun():
            return (task_run_key(proposal.task_run_id),)
        case DeleteTaskRun():
            return _with_its_place(known, proposal.task_run_id)
        case ProposeTaskRunState():
            return (task_run_key(proposal.task_run_id), *_beside(known, proposal))
        case CacheTaskState(key=key):
            return (task_cache_key(cache_id_of(key)),)
        case RecordTaskRun():
            return _recorded_keys(known, proposal)
        case CreateTaskRun():
            return _created_keys(known, proposal)
        case RegisterFlow(name=name):
            alias = known.get(flow_name_key(name))
            named = (flow_name_key(name),)
            return (*named, flow_key(alias.id)) if isinstance(alias, Alias) else named
        case AmendFlow(flow_id=id):
            return (flow_key(id),)
        case DeleteFlow(flow_id=id):
            flow = flow_of(known, id)
            named = () if flow is None else (flow_name_key(flow.name),)
            return (flow_key(id), *named, *keys_of_children(known, "flow", id))
        case StoreResource():
            return keys_to_store(known, proposal)
        case AmendResource():
            return keys_to_amend(known, proposal)
        case RemoveResource():
            return keys_to_remove(known, proposal)
        case WriteLogs():
            return ()
        case (
            TakeSlots()
            | EndLease()
            | RenewLease()
            | ReapLease()
            | EndLeasesOf()
            | GiveSlots()
            | CreateLimit()
            | AmendLimit()
            | DeleteLimit()
            | ResetLimit()
        ):
            return needed(known, proposal)
    assert_never(proposal)


def _recorded_keys(known: Mapping[str, Entity], proposal: RecordTaskRun) -> tuple[str, ...]:
    id, flow_run_id, fields = proposal.task_run_id, proposal.flow_run_id, proposal.task_run
    return _task_run_keys(known, id, flow_run_id, fields.task_key, fields.dynamic_key)


def _created_keys(known: Mapping[str, Entity], proposal: CreateTaskRun) -> tuple[str, ...]:
    id, flow_run_id = id_to_create(proposal), proposal.flow_run_id
    keys = _task_run_keys(known, id, flow_run_id, proposal.task_key, proposal.dynamic_key)
    state = proposal.state
    return (
        *keys,
        *(() if flow_run_id is None else (flow_run_key(flow_run_id),)),
        *(_cached_keys(state) if state is not None and state.state_details.deferred else ()),
    )


def _cached_keys(state: ProposedState) -> tuple[str, ...]:
    """Where lies what may be cached for a task run that enters *state*."""
    key = key_to_look_up(state)
    return () if key is None else (task_cache_key(cache_id_of(key)),)


def answered(known: Mapping[str, Entity], proposal: Proposal) -> str | None:
    """The id of the entry that answered *proposal* before, if its subject remembers it.

    Flows and logs remember nothing: registering twice finds the flow, and lines have ids. Nor
    does what is deleted: deleting it twice finds nothing.
    """
    subject = _subject(known, proposal)
    if subject is None:
        is_known = isinstance(proposal, SlotProposal)
        return answered_before(known, proposal) if is_known else None
    match subject:
        case FlowRun() | TaskRun():
            return subject.progress.decided.get(proposal.id)
        case TaskCache() | Resource():
            return subject.decided.get(proposal.id)
    assert_never(subject)


def _subject(
    known: Mapping[str, Entity], proposal: Proposal
) -> FlowRun | TaskRun | TaskCache | Resource | None:
    """What *proposal* is about, if it exists and remembers proposals."""
    match proposal:
        case ProposeFlowRunState() | CreateFlowRun() | AmendFlowRun():
            return flow_run_of(known, proposal.flow_run_id)
        case FireTimer() | UnscheduleFlowRun():
            return flow_run_of(known, proposal.flow_run_id)
        case StoreInput() | DeleteInput() | ResumeFlowRun():
            return flow_run_of(known, proposal.flow_run_id)
        case ProposeTaskRunState() | AmendTaskRun():
            return task_run_of(known, proposal.task_run_id)
        case RecordTaskRun():
            return recorded_task_run(known, proposal)
        case CreateTaskRun():
            return created_task_run(known, proposal)
        case CacheTaskState(key=key):
            cache = known.get(task_cache_key(cache_id_of(key)))
            return cache if isinstance(cache, TaskCache) else None
        case StoreResource(resource=resource):
            return stored_before(known, resource)
        case AmendResource(kind=kind, resource_id=id) | RemoveResource(kind=kind, resource_id=id):
            return resource_of(known, kind, id)
        case _:
            return None
    assert_never(proposal)


def flow_run_of(known: Mapping[str, Entity], id: UUID) -> FlowRun | None:
    """The flow run *id*, if there is one."""
    run = known.get(flow_run_key(id))
    return run if isinstance(run, FlowRun) else None


def task_run_of(known: Mapping[str, Entity], id: UUID) -> TaskRun | None:
    """The task run *id*, if there is one."""
    run = known.get(task_run_key(id))
    return run if isinstance(run, TaskRun) else None


def flow_of(known: Mapping[str, Entity], id: UUID) -> Flow | None:
    """The flow *id*, if there is one."""
    flow = known.get(flow_key(id))
    return flow if isinstance(flow, Flow) else None


def flow_named(known: Mapping[str, Entity], name: str) -> Flow | None:
    """The flow that is called *name*, if there is one."""
    alias = known.get(flow_name_key(name))
    flow = known.get(flow_key(alias.id)) if isinstance(alias, Alias) else None
    return flow if isinstance(flow, Flow) else None


def id_to_create(proposal: CreateTaskRun) -> UUID:
    """The id that a task run gets unless its natural key belongs to another."""
    return proposal.task_run_id or task_run_id_of(
        proposal.flow_run_id, proposal.task_key, proposal.dynamic_key
    )


def created_task_run(known: Mapping[str, Entity], proposal: CreateTaskRun) -> TaskRun | None:
    """The task run that has the natural key or, failing that, the id of *proposal*."""
    return _placed(
        known, proposal.flow_run_id, proposal.task_key, proposal.dynamic_key
    ) or task_run_of(known, id_to_create(proposal))


def recorded_task_run(known: Mapping[str, Entity], proposal: RecordTaskRun) -> TaskRun | None:
    """The task run that *proposal* tells of, by its natural key or, failing that, its id."""
    fields = proposal.task_run
    return _placed(known, proposal.flow_run_id, fields.task_key, fields.dynamic_key) or task_run_of(
        known, proposal.task_run_id
    )


def _placed(
    known: Mapping[str, Entity], flow_run_id: UUID | None, task_key: str, dynamic_key: str
) -> TaskRun | None:
    if flow_run_id is None:
        return None
    alias = known.get(task_place_key(flow_run_id, task_key, dynamic_key))
    run = task_run_of(known, alias.id) if isinstance(alias, Alias) else None
    # a run that was detached from its flow run has left its place
    return run if run is not None and run.attributes.flow_run_id == flow_run_id else None


def place_of(known: Mapping[str, Entity], run: TaskRun) -> str | None:
    """The key of the alias that leads to *run* by its natural key, if one does."""
    key = _natural_key(run)
    alias = None if key is None else known.get(key)
    return key if isinstance(alias, Alias) and alias.id == run.attributes.id else None


def _natural_key(run: TaskRun) -> str | None:
    about = run.attributes
    if about.flow_run_id is None:
        return None
    return task_place_key(about.flow_run_id, about.task_key, about.dynamic_key)


def _with_its_place(known: Mapping[str, Entity], id: UUID) -> tuple[str, ...]:
    """A task run, and once it is known the alias that may lead to it."""
    run = task_run_of(known, id)
    place = None if run is None else _natural_key(run)
    return (task_run_key(id),) if place is None else (task_run_key(id), place)


def _beside(known: Mapping[str, Entity], proposal: ProposeTaskRunState) -> tuple[str, ...]:
    """What a task run that is to run is told of: its flow run, and what is cached for it."""
    if proposal.state.type is not StateType.RUNNING:
        return ()
    run = task_run_of(known, proposal.task_run_id)
    flow_run_id = proposal.flow_run_id if run is None else run.attributes.flow_run_id
    return (
        *(() if flow_run_id is None else (flow_run_key(flow_run_id),)),
        *_cached_keys(proposal.state),
    )


def _task_run_keys(
    known: Mapping[str, Entity],
    id: UUID,
    flow_run_id: UUID | None,
    task_key: str,
    dynamic_key: str,
) -> tuple[str, ...]:
    if flow_run_id is None:
        return (task_run_key(id),)
    place = task_place_key(flow_run_id, task_key, dynamic_key)
    alias = known.get(place)
    if isinstance(alias, Alias) and alias.id != id:
        return (task_run_key(id), place, task_run_key(alias.id))
    return (task_run_key(id), place)
