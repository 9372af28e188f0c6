"""`headgate show` says what a run is, where it is, and how it came there."""

import asyncio
from uuid import UUID

from rich.table import Table

from events.decisions import Recorded
from events.entities import DECIDED_MAX

from ... import reading
from ...bus.connecting import log_of
from ...errors import ForPeople
from ..console import coloured, listing, out, plain
from ..where import HERE, Where


def show(run: UUID, /, *, where: Where = HERE) -> int:
    """Show a flow run or task run: its attributes, its state, and the decisions on it.

    Parameters
    ----------
    run
        Id of the flow run or task run.
    """
    found, decisions = asyncio.run(_read(run, where))
    console = out()
    console.print(_attributes(found))
    console.print()
    console.print(decision_table(decisions))
    version = found.run.progress.version
    if version > len(decisions):
        console.print(
            f"the latest {len(decisions)} of {version} decisions; "
            f"a run remembers {DECIDED_MAX} proposals, `headgate watch` reads all"
        )
    return 0


async def _read(id: UUID, where: Where) -> tuple[reading.Found, list[Recorded]]:
    async with log_of(where.settings(), stopped=True) as log:
        found = await reading.find_run(log, id)
        if found is None:
            raise ForPeople(f"there is no run {id} under the prefix {log.streams.prefix!r}")
        return found, await reading.latest_decisions(log, found)


def _attributes(found: reading.Found) -> Table:
    table = Table.grid(padding=(0, 2))
    attributes, progress = found.run.attributes, found.run.progress
    booked, state = progress.booked, progress.state
    shown = {
        "run": found.key.replace(":", " "),
        "name": plain(attributes.name),
        "state": coloured(repr(state), state.type) if state else "none",
        "since": state.timestamp if state else None,
        "runs": booked.run_count,
        "expected": booked.expected_start_time,
        "started": booked.start_time,
        "ended": booked.end_time,
        "run time": f"{booked.total_run_time:.3f} s",
        "flow": getattr(attributes, "flow_id", None),
        "flow run": getattr(attributes, "flow_run_id", None),
        "parent": getattr(attributes, "parent_task_run_id", None),
        "parameters": plain(getattr(attributes, "parameters", None) or ""),
        "tags": plain(", ".join(attributes.tags)),
        "created": attributes.created,
        "version": progress.version,
        "partition": found.partition,
    }
    for name, value in shown.items():
        if value not in (None, ""):
            table.add_row(f"[dim]{name}[/]", str(value))
    return table


def decision_table(decisions: list[Recorded]) -> Table:
    """Decisions, one to a line: when, what was asked, what came of it, and why."""
    table = listing("entry", "at", "proposal", "asked", "outcome", "entered", "rule", "reason")
    for each in decisions:
        decision = each.decision
        asked = decision.asked
        table.add_row(
            each.entry_id,
            f"{decision.at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
            plain(decision.proposal_id),
            plain((asked.name or asked.type) if asked else decision.kind),
            coloured(decision.outcome, decision.outcome),
            ", ".join(coloured(state.name, state.type) for state in reading.entered(decision)),
            decision.rule,
            plain(decision.reason or ""),
        )
    return table
