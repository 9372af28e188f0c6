"""The history of runs by its formula: every run asked, one by one, in whole microseconds."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from events.entities import FlowRun, TaskRun
from events.instants import micros_of
from events.queries import HistoryBucket, HistoryQuery, HistoryState
from events.states import FINAL, State, StateType


def history_of(
    runs: Iterable[FlowRun | TaskRun], query: HistoryQuery, now: datetime
) -> list[HistoryBucket]:
    """The buckets that *runs* fill, filters left aside."""
    edges = query.edges()
    sums: defaultdict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for run in runs:
        state, expected = run.progress.state, run.progress.booked.expected_start_time
        if state is None or expected is None:
            continue
        for bucket, (start, end) in enumerate(pairwise(edges)):
            if start <= micros_of(expected) < end:
                into = sums[bucket, state.type.value, state.name]
                into[0] += 1
                into[1] += max(0, run_time(run, state, now))
                into[2] += lateness(run, state, now)
    return [
        HistoryBucket.between(
            start, end, [_state(*key[1:], *sums[key]) for key in sorted(sums) if key[0] == bucket]
        )
        for bucket, (start, end) in enumerate(pairwise(edges))
    ]


def run_time(run: FlowRun | TaskRun, state: State, now: datetime) -> int:
    """The estimated run time in microseconds."""
    so_far = round(run.progress.booked.total_run_time * 1e6)
    if state.type is StateType.RUNNING:
        return so_far + micros_of(now) - micros_of(state.timestamp)
    return so_far


def lateness(run: FlowRun | TaskRun, state: State, now: datetime) -> int:
    """The estimated lateness in microseconds."""
    booked = run.progress.booked
    assert booked.expected_start_time is not None
    expected = micros_of(booked.expected_start_time)
    if booked.start_time is not None:
        return max(0, micros_of(booked.start_time) - expected)
    if state.type in FINAL:
        return 0
    return max(0, micros_of(now) - expected)


def _state(type: str, name: str, runs: int, running: int, late: int) -> HistoryState:
    return HistoryState(
        state_type=StateType(type),
        state_name=name,
        count_runs=runs,
        sum_estimated_run_time=running / 1_000_000,
        sum_estimated_lateness=late / 1_000_000,
    )
