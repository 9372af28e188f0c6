"""What a person or a client reads of the log and its snapshots: runs, and their decisions."""

from collections.abc import AsyncIterator
from uuid import UUID

from msgspec import Struct

from ._language import (
    START,
    Decision,
    Entry,
    EventLog,
    FlowRun,
    FlowRunDeleted,
    Recorded,
    State,
    StateEntered,
    TaskRun,
    decode_decision,
    entity_of,
    fields_of,
    flow_run_key,
    task_run_key,
)

PAGE = 1_000


class Found(Struct, frozen=True, kw_only=True):
    """A run, its key, and the partition that it lives in."""

    partition: int
    key: str
    run: FlowRun | TaskRun


def recorded(partition: int, entry: Entry) -> Recorded:
    """The decision that *entry* holds, in its place; raises `msgspec.DecodeError`."""
    time_ms, _, position = entry.entry_id.partition("-")
    return Recorded(
        partition=partition,
        position=int(position),
        time_ms=int(time_ms),
        decision=decode_decision(entry.body),
    )


async def run_at(log: EventLog, partition: int, key: str) -> Found | None:
    """The run *key* of *partition*, as its last commit left it."""
    run = entity_of(key, await log.snapshots(partition, fields_of(key)))
    return (
        Found(partition=partition, key=key, run=run) if isinstance(run, FlowRun | TaskRun) else None
    )


async def flow_run(log: EventLog, id: UUID) -> FlowRun | None:
    """The flow run *id*."""
    found = await run_at(log, log.streams.of_run(id), flow_run_key(id))
    return found.run if found and isinstance(found.run, FlowRun) else None


async def find_run(log: EventLog, id: UUID) -> Found | None:
    """The flow run or task run *id*; a task run lives where its flow run does, so all are asked."""
    found = await run_at(log, log.streams.of_run(id), flow_run_key(id))
    if found is not None:
        return found
    key = task_run_key(id)
    for partition, values in (await log.snapshots_everywhere(fields_of(key))).items():
        run = entity_of(key, values)
        if isinstance(run, TaskRun):
            return Found(partition=partition, key=key, run=run)
    return None


async def latest_decisions(log: EventLog, found: Found) -> list[Recorded]:
    """The latest decisions on a run, as many as it remembers, oldest first."""
    ids = dict.fromkeys(found.run.progress.decided.values())
    entries = [await log.entry(found.partition, entry_id) for entry_id in ids]
    return [recorded(found.partition, entry) for entry in entries if entry is not None]


def entered(decision: Decision) -> list[State]:
    """The states that a run entered by *decision*."""
    return [change.state for change in decision.changes if isinstance(change, StateEntered)]


def deletes(decision: Decision) -> bool:
    """Whether *decision* is that its flow run be gone."""
    return any(isinstance(change, FlowRunDeleted) for change in decision.changes)


async def history(log: EventLog, partition: int, after: str = START) -> AsyncIterator[list[Entry]]:
    """All entries of *partition* after *after*, page by page, up to its end now."""
    while page := await log.entries(partition, after, PAGE):
        yield page
        after = page[-1].entry_id


def concerns(decision: Decision, run_id: UUID) -> bool:
    """Whether *decision* is about the run, or about a task run of the flow run *run_id*."""
    if decision.subject in (flow_run_key(run_id), task_run_key(run_id)):
        return True
    for change in decision.changes:
        made = getattr(change, "attributes", None)
        state = getattr(change, "state", None)
        if made is not None and getattr(made, "flow_run_id", None) == run_id:
            return True
        if state is not None and state.state_details.flow_run_id == run_id:
            return True
    return False
