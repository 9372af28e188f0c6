"""Evolve: what is true after one more decision. Total, pure, the same for everyone who folds."""

from collections.abc import Mapping, MutableMapping
from typing import TypeVar, assert_never

from msgspec import UNSET, structs

from . import inputs
from .changes import (
    Change,
    FlowAmended,
    FlowChange,
    FlowDeleted,
    FlowRegistered,
    FlowRunAmended,
    FlowRunChange,
    FlowRunCreated,
    FlowRunDeleted,
    InputChange,
    InputsDeleted,
    InputStored,
    LogsWritten,
    PolicyAmended,
    ResourceChange,
    ResourceRemoved,
    ResourceStored,
    SlotsChange,
    StateChange,
    StateEntered,
    StateRecorded,
    TaskRunAmended,
    TaskRunChange,
    TaskRunCreated,
    TaskRunDeleted,
    TaskRunEnqueued,
    TaskStateCached,
)
from .decisions import Recorded
from .entities import (
    CACHED_MAX,
    DECIDED_MAX,
    STATE_TIMES_MAX,
    Alias,
    CachedState,
    Entity,
    Flow,
    FlowRun,
    FlowRunInput,
    FlowRunInputs,
    FlowRunProgress,
    Members,
    TaskCache,
    TaskRun,
    TaskRunProgress,
    flow_key,
    flow_name_key,
    flow_run_key,
    task_place_key,
    task_run_key,
)
from .given import given_fields
from .instants import micros_of
from .policies import FlowRunPolicy, PolicyAmendment
from .resources.folding import removed, stored
from .resources.resource import DECIDED_MAX as RESOURCE_DECIDED_MAX
from .resources.resource import Resource
from .slots import DECIDED_MAX as SLOTS_DECIDED_MAX
from .slots import ConcurrencyLease, ConcurrencyLimit, SlotsDecided, slots_decided_key
from .slots.folding import SUBJECTS, count_slots

AnyProgress = TypeVar("AnyProgress", FlowRunProgress, TaskRunProgress)

Changed = Mapping[str, Entity | None]
"""Entities by key, as they are after a decision; None is gone."""


def evolve(known: Mapping[str, Entity], recorded: Recorded) -> dict[str, Entity | None]:
    """The entities that *recorded* changes, by key, as they are after it; None is gone."""
    decision = recorded.decision
    entity = known.get(decision.subject)
    changed: dict[str, Entity | None] = {}
    for change in decision.changes:
        entity = _after(entity, change)
        match change:
            case StateEntered() | StateRecorded():  # what comes most, first: a miss costs most
                pass
            case FlowRegistered(flow=flow):
                changed[flow_name_key(flow.name)] = Alias(id=flow.id)
            case FlowDeleted(id=id, name=name):
                changed |= {flow_key(id): None, flow_name_key(name): None}
            case TaskRunCreated(attributes=made) if made.flow_run_id is not None:
                place = task_place_key(made.flow_run_id, made.task_key, made.dynamic_key)
                changed[place] = Alias(id=made.id)
            case ResourceStored(resource=resource):
                changed |= stored(known, changed, resource)
                entity = changed.get(decision.subject, entity)
            case ResourceRemoved(kind=kind, id=id):
                changed |= removed(known, changed, kind, id)
                entity = changed.get(decision.subject, entity)
            case FlowRunDeleted(id=id):
                inputs.delete(known, changed, id)
                changed[flow_run_key(id)] = None
            case InputStored(input=input):
                inputs.store(known, changed, input)
            case InputsDeleted(keys=keys):
                inputs.delete(known, changed, decision.subject_id, keys)
            case TaskRunDeleted(id=id, place=place):
                changed[task_run_key(id)] = None
                if place is not None:
                    changed[place] = None
            case SlotsChange():
                count_slots(known, changed, change)
                entity = changed.get(decision.subject, entity)
            case _:
                pass
    if entity is not None and decision.version:
        changed[decision.subject] = _stamped(entity, recorded)
    if decision.subject.startswith(SUBJECTS):
        key = slots_decided_key(decision.proposal_id)
        changed[key] = _stamped(known.get(key, SlotsDecided()), recorded)
    return changed


def learn(known: MutableMapping[str, Entity], changed: Changed) -> None:
    """Bring *known* up to date with what `evolve` said."""
    for key, entity in changed.items():
        if entity is None:
            known.pop(key, None)
        else:
            known[key] = entity


def _after(entity: Entity | None, change: Change) -> Entity | None:
    match change, entity:
        case StateEntered(), FlowRun() | TaskRun():
            return _entered(entity, change)
        case FlowRegistered(flow=flow), _:
            return flow
        case FlowAmended(tags=tags, updated=updated), Flow():
            return structs.replace(entity, tags=tags, updated=updated)
        case FlowDeleted(), _:
            return None
        case FlowRunCreated(attributes=attributes, policy=policy), _:
            return FlowRun(attributes, FlowRunProgress(policy=policy))
        case TaskRunCreated(attributes=attributes), _:
            return TaskRun(attributes, TaskRunProgress())
        case FlowRunDeleted(), _:
            return None
        case TaskRunDeleted(id=id), _:
            is_subject = isinstance(entity, TaskRun) and entity.attributes.id == id
            return None if is_subject else entity
        case PolicyAmended(policy=amendment), FlowRun(attributes=attributes, progress=progress):
            policy = amended_policy(progress.policy, amendment)
            return FlowRun(attributes, structs.replace(progress, policy=policy))
        case FlowRunAmended(), FlowRun():
            return _amended(entity, change)
        case TaskRunAmended(attributes=attributes, flow_run_run_count=count), TaskRun():
            progress = entity.progress
            if count is not UNSET:
                progress = structs.replace(progress, flow_run_run_count=count)
            return TaskRun(attributes, progress)
        case TaskStateCached(key=key, cached=cached), TaskCache() | None:
            return _cached(entity or TaskCache(key=key), cached)
        case ((StateRecorded() | TaskRunEnqueued() | InputChange() | LogsWritten()), _):
            return entity
        case ((ResourceChange() | SlotsChange()), _):
            return entity
        case ((FlowChange() | FlowRunChange() | TaskRunChange() | StateChange()), _):
            raise ValueError(f"a {type(change).__name__} cannot follow {type(entity).__name__}")
    assert_never(change)


def _entered(run: FlowRun | TaskRun, change: StateEntered) -> FlowRun | TaskRun:
    if isinstance(run, FlowRun):
        earlier = run.progress.state_times[1 - STATE_TIMES_MAX :]
        times = (*earlier, micros_of(change.state.timestamp))
        entered = structs.replace(
            run.progress, state=change.state, booked=change.booked, state_times=times
        )
        return FlowRun(run.attributes, entered)
    moved = structs.replace(run.progress, state=change.state, booked=change.booked)
    return TaskRun(run.attributes, moved)


def _cached(cache: TaskCache, newest: CachedState) -> TaskCache:
    outlasting = [
        each
        for each in cache.cached
        if newest.expiration is not None
        and (each.expiration is None or each.expiration > newest.expiration)
    ]
    return structs.replace(cache, cached=(newest, *outlasting[: CACHED_MAX - 1]))


def _amended(run: FlowRun, change: FlowRunAmended) -> FlowRun:
    given = given_fields(change)
    policy = given.pop("policy", UNSET)
    attributes = structs.replace(run.attributes, **given) if given else run.attributes
    if policy is UNSET:
        return FlowRun(attributes, run.progress)
    return FlowRun(attributes, structs.replace(run.progress, policy=policy))


def amended_policy(policy: FlowRunPolicy, amendment: PolicyAmendment) -> FlowRunPolicy:
    """*policy* with the fields that *amendment* sets."""
    return structs.replace(policy, **given_fields(amendment))


def _stamped(entity: Entity, recorded: Recorded) -> Entity:
    """*entity* with this decision counted and remembered."""
    decision = recorded.decision
    match entity:
        case FlowRun(attributes=attributes, progress=progress):
            return FlowRun(attributes, _advanced(progress, recorded))
        case TaskRun(attributes=attributes, progress=progress):
            return TaskRun(attributes, _advanced(progress, recorded))
        case TaskCache():
            decided = _remembered(entity.decided, recorded)
            return structs.replace(entity, version=decision.version, decided=decided)
        case Flow() | ConcurrencyLimit() | ConcurrencyLease():
            return structs.replace(entity, version=decision.version)
        case SlotsDecided():
            return SlotsDecided(decided=_remembered(entity.decided, recorded, SLOTS_DECIDED_MAX))
        case Resource():
            decided = _remembered(entity.decided, recorded, RESOURCE_DECIDED_MAX)
            return structs.replace(entity, revision=decision.version, decided=decided)
        case Alias() | Members() | FlowRunInput() | FlowRunInputs():
            return entity
    assert_never(entity)


def _advanced(progress: AnyProgress, recorded: Recorded) -> AnyProgress:
    decision = recorded.decision
    decided = _remembered(progress.decided, recorded)
    return structs.replace(progress, version=decision.version, updated=decision.at, decided=decided)


def _remembered(
    decided: dict[str, str], recorded: Recorded, most: int = DECIDED_MAX
) -> dict[str, str]:
    remembered = decided.copy()  # unlike {**decided}, quick also where something was forgotten
    remembered[recorded.decision.proposal_id] = recorded.entry_id
    if len(remembered) > most:
        del remembered[next(iter(remembered))]
    return remembered
