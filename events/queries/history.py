"""History: runs counted in buckets of expected start time, by the state that they are in now."""

from datetime import timedelta

from msgspec import Struct, field

from ..instants import LATEST, MICROSECOND, Instant, instant_of, micros_of
from ..states import StateType
from .criteria import utc
from .queries import RunFilters

BUCKETS_MAX = 500
"""A longer history loses its latest buckets."""

INTERVAL_S_MAX = 3_155_760_000
"""A hundred years."""


class HistoryQuery(RunFilters, frozen=True, kw_only=True):
    """Buckets of *interval* seconds from *start* on until *end* is covered."""

    start: Instant = field(name="history_start")
    end: Instant = field(name="history_end")
    interval: float = field(name="history_interval_seconds")

    def __post_init__(self) -> None:
        if not self.interval >= 1:
            raise ValueError("History interval must not be less than 1 second.")
        if self.interval > INTERVAL_S_MAX:
            raise ValueError("History interval must not be more than 100 years.")

    def edges(self) -> list[int]:
        """Where buckets begin, in microseconds since 1970, and where the last one ends.

        Empty when there is no bucket, which is so when *end* is not after *start*.
        """
        start, end = micros_of(utc(self.start)), micros_of(utc(self.end))
        step = self.interval_micros
        # no bucket ends later than there are instants
        most = min(BUCKETS_MAX, (micros_of(LATEST) - start) // step)
        buckets = min(-((start - end) // step), most)
        if buckets <= 0:
            return []
        return [start + step * k for k in range(buckets + 1)]

    @property
    def interval_micros(self) -> int:
        return timedelta(seconds=self.interval) // MICROSECOND


class HistoryState(Struct, frozen=True, kw_only=True):
    """The runs of one bucket that are in one state; times in seconds, as of the query."""

    state_type: StateType
    state_name: str
    count_runs: int
    sum_estimated_run_time: float
    sum_estimated_lateness: float


class HistoryBucket(Struct, frozen=True, kw_only=True):
    """The runs expected to start in one interval, its end excluded."""

    interval_start: Instant
    interval_end: Instant
    states: list[HistoryState]

    @classmethod
    def between(cls, start: int, end: int, states: list[HistoryState]) -> "HistoryBucket":
        """The bucket between two instants in microseconds since 1970."""
        return cls(interval_start=instant_of(start), interval_end=instant_of(end), states=states)
