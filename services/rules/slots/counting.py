"""How a limit counts: slots that decay, slots taken and given, and when to ask again."""

from collections.abc import Sequence
from datetime import datetime
from math import floor

from msgspec import structs

from events.changes import Counted
from events.instants import seconds_between
from events.slots import TAG, Limit, LimitSeen

from ..jitter import jittered
from ..terms import TERMS, Terms

SLOTS_MAX = 2**31 - 1

OCCUPANCY_SECONDS_MIN = 0.1

SPREAD = 0.3
"""How much longer than the mean a wait may be, as a part of it."""


def wait_max(limit: Limit, terms: Terms) -> float:
    """The most seconds that an occupant of *limit* is thought to take."""
    return terms.tag_wait_seconds if limit.name.startswith(TAG) else terms.wait_seconds_max


def as_of(limit: Limit, at: datetime, terms: Terms = TERMS) -> Limit:
    """*limit* with what has decayed by *at* left out, and *at* as the time of its counts."""
    age = max(0.0, seconds_between(limit.updated, at))
    return structs.replace(
        limit,
        active_slots=max(0, limit.active_slots - floor(limit.slot_decay_per_second * age)),
        denied_slots=max(0, limit.denied_slots - floor(_denials_decay(limit, terms) * age)),
        updated=max(limit.updated, at),
    )


def _denials_decay(limit: Limit, terms: Terms) -> float:
    """Denied slots that are forgotten per second."""
    if limit.slot_decay_per_second > 0:
        return limit.slot_decay_per_second
    occupied = min(limit.avg_slot_occupancy_seconds, wait_max(limit, terms))
    return 1 / max(OCCUPANCY_SECONDS_MIN, occupied)


def has_room(limit: Limit, slots: int) -> bool:
    """Whether *slots* more fit into *limit*, counted just now."""
    return limit.active_slots + slots <= limit.limit


def with_more(limit: Limit, slots: int) -> Limit:
    """*limit*, counted just now, with *slots* more of it taken."""
    return structs.replace(limit, active_slots=min(SLOTS_MAX, limit.active_slots + slots))


def with_fewer(limit: Limit, slots: int, kept: int, occupied_seconds: float | None) -> Limit:
    """*limit*, counted just now, with *slots* fewer of it taken, but no fewer than *kept*.

    *occupied_seconds* is how long they were taken, all of them together.
    """
    counts = structs.replace(limit, active_slots=least_of(limit, limit.active_slots - slots, kept))
    if not occupied_seconds:
        return counts
    each = max(occupied_seconds / slots, OCCUPANCY_SECONDS_MIN)
    average, weight = limit.avg_slot_occupancy_seconds, 2 * max(1, limit.limit)
    return structs.replace(
        counts, avg_slot_occupancy_seconds=average + each / weight - average / weight
    )


def least_of(limit: Limit, slots: int, kept: int) -> int:
    """*slots*, but not fewer than none or than the *kept* ones; of a limit with decay none is."""
    return max(0 if limit.slot_decay_per_second > 0 else kept, slots, 0)


def counted(limit: Limit) -> Counted:
    """What *limit* counts, for the log."""
    return Counted(
        id=limit.id,
        active_slots=limit.active_slots,
        denied_slots=limit.denied_slots,
        avg_slot_occupancy_seconds=limit.avg_slot_occupancy_seconds,
        updated=limit.updated,
    )


def seen(limit: Limit) -> LimitSeen:
    """*limit*, counted just now, for whoever asked."""
    return LimitSeen(
        id=limit.id,
        name=limit.name,
        limit=limit.limit,
        active=limit.active,
        active_slots=limit.active_slots,
        avg_slot_occupancy_seconds=limit.avg_slot_occupancy_seconds,
    )


def retry_after(
    limits: Sequence[Limit], slots: int, fraction: float, terms: Terms = TERMS
) -> float:
    """Seconds after which to ask again for *slots* of *limits*; *fraction* picks the chance."""
    waits = [(_queue(limit, slots), limit) for limit in limits]
    queue, blocking = max(waits, key=lambda each: each[0])
    if blocking.slot_decay_per_second > 0:
        return jittered(queue / blocking.slot_decay_per_second, SPREAD, fraction)
    most = wait_max(blocking, terms)
    occupied = min(blocking.avg_slot_occupancy_seconds, most)
    return jittered(min(occupied * queue, most), SPREAD, fraction)


def _queue(limit: Limit, slots: int) -> float:
    """How many slots have to come free before it is this one's turn, in turns of the limit."""
    ahead = slots + limit.denied_slots
    return ahead if limit.slot_decay_per_second > 0 else ahead / max(1, limit.limit)


def tag_delay(limits: Sequence[LimitSeen], fraction: float, terms: Terms = TERMS) -> int:
    """Whole seconds after which a task run asks again for slots of the limits of its tags."""
    fullest = max(limits, key=lambda each: each.active_slots / max(1, each.limit))
    most = terms.tag_wait_seconds
    occupied = fullest.avg_slot_occupancy_seconds or most
    return round(jittered(min(occupied, most), SPREAD, fraction))
