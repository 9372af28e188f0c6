"""A task run takes over the completed state of one with the same cache key, while that lasts."""

from collections.abc import Mapping
from datetime import datetime

from events.entities import Entity, TaskCache, TaskRun, task_cache_key
from events.identity import cache_id_of, derived_id
from events.proposals import CacheTaskState
from events.states import ProposedState, State, StateType

from ..asking.rule import ANY, Question, Rule
from ..asking.verdict import PASS, Aftermath, Reject, Verdict


def cached_state(
    known: Mapping[str, Entity], proposed: ProposedState, at: datetime
) -> State | None:
    """The state that a task run which enters *proposed* may take over, if any."""
    key = key_to_look_up(proposed)
    if key is None:
        return None
    cache = known.get(task_cache_key(cache_id_of(key)))
    if not isinstance(cache, TaskCache) or cache.key != key:
        return None
    lasting = (
        each.state for each in cache.cached if each.expiration is None or each.expiration > at
    )
    return next(lasting, None)


def key_to_look_up(proposed: ProposedState) -> str | None:
    """The cache key of a task run that is to run and does not insist on running."""
    if proposed.type is not StateType.RUNNING or proposed.state_details.refresh_cache:
        return None
    return proposed.state_details.cache_key or None


def take_over_the_cached_state(
    question: Question[TaskRun], _: State | None, __: ProposedState
) -> Verdict:
    """Complete at once with what was cached."""
    cached = question.cached
    if cached is None:
        return PASS
    return Reject(
        state=ProposedState(
            type=cached.type,
            name="Cached",
            message=cached.message,
            data=cached.data,
            state_details=cached.state_details,
        ),
        reason="Retrieved state from cache",
    )


def name_keys_that_are_too_long(
    question: Question[TaskRun], _: State | None, proposed: ProposedState
) -> Verdict:
    """Say that the key is too long; the state is entered, and cached under it, all the same."""
    key = proposed.state_details.cache_key
    most = question.told.terms.cache_key_characters_max
    if key is None or len(key) <= most:
        return PASS
    return Reject(
        state=proposed,
        reason=f"Cache key exceeded maximum allowed length of {most} characters.",
    )


def cache_the_state(question: Question[TaskRun], _: State | None, now: State) -> Aftermath:
    """Ask the partition of the key to keep the state."""
    key = now.state_details.cache_key
    if not key:
        return Aftermath()
    caching = CacheTaskState(
        id=str(derived_id(question.at, question.subject, question.proposal_id, "cache")),
        at=question.at,
        by=question.by,
        key=key,
        state=now,
        expiration=now.state_details.cache_expiration,
    )
    return Aftermath(follow_ups=(caching,))


TAKE_OVER_CACHED_STATES = Rule(
    name="CacheRetrieval",
    leaving=ANY,
    entering=frozenset({StateType.RUNNING}),
    before=take_over_the_cached_state,
    first=take_over_the_cached_state,
)

CACHE_COMPLETED_STATES = Rule(
    name="CacheInsertion",
    leaving=ANY,
    entering=frozenset({StateType.COMPLETED}),
    before=name_keys_that_are_too_long,
    first=name_keys_that_are_too_long,
    after=cache_the_state,
    first_after=cache_the_state,
)
