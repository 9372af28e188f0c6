"""A completed state is kept under its cache key for task runs that would compute it again."""

from collections.abc import Mapping
from datetime import datetime

from events.changes import TaskStateCached
from events.decisions import Decision
from events.entities import CachedState, Entity, TaskCache, task_cache_key
from events.identity import cache_id_of
from events.proposals import CacheTaskState

from .decisions import decision


def cache_task_state(
    known: Mapping[str, Entity], proposal: CacheTaskState, at: datetime
) -> Decision:
    """Keep the state; the newest one that lasts is the one that is taken over."""
    subject = task_cache_key(cache_id_of(proposal.key))
    cache = known.get(subject)
    version = cache.version + 1 if isinstance(cache, TaskCache) else 1
    cached = CachedState(state=proposal.state, expiration=proposal.expiration)
    change = TaskStateCached(key=proposal.key, cached=cached)
    return decision(proposal, subject, version, at, changes=(change,))
