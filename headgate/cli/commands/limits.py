"""`headgate limits` shows concurrency limits and who holds their slots, folded from the log."""

import asyncio
from collections.abc import Iterator

from events.changes import LeaseRenewed, LimitStored, SlotsGiven, SlotsTaken
from events.decisions import Outcome, Recorded
from events.entities import Entity
from events.evolve import evolve, learn
from events.log import START
from events.slots import ConcurrencyLease, ConcurrencyLimit, lease_key, limit_name_key

from ...bus.connecting import log_of
from ...reading import recorded
from ..console import complain, listing, out, plain
from ..where import HERE, Where


def limits(name: str | None = None, *, where: Where = HERE) -> int:
    """Show concurrency limits and who holds their slots; with a name, what became of that one.

    Parameters
    ----------
    name
        A limit, such as `tag:database`: its history from the log, one decision on each line.
    """
    known, told = asyncio.run(_read(where, name))
    found = [each for each in known.values() if isinstance(each, ConcurrencyLimit)]
    if name is not None:
        for line in told:
            out().print(line, soft_wrap=True)
        found = [each for each in found if each.limit.name == name]
        if not told:
            complain(f"there is no concurrency limit {name!r}")
            return 1
    table = listing("limit", "taken", "of", "held by", "until (UTC)")
    for each in sorted(found, key=lambda limit: limit.limit.name):
        limit = each.limit
        rows = [*_holders(known, each)] or [("", "")]
        counts = (plain(limit.name), str(limit.active_slots), str(limit.limit))
        for place, (holder, until) in enumerate(rows):
            table.add_row(*(counts if place == 0 else ("", "", "")), holder, until)
    out().print(table)
    return 0


async def _read(where: Where, name: str | None) -> tuple[dict[str, Entity], list[str]]:
    """What is true now in the control partition, and what concerned the limit *name*."""
    known: dict[str, Entity] = {}
    told: list[str] = []
    async with log_of(where.settings(), stopped=True) as log:
        control, after = log.streams.control, START
        while entries := await log.entries(control, after):
            for each in (recorded(control, entry) for entry in entries):
                changed = evolve(known, each)
                if name is not None and _concerns(each, known, changed, name):
                    told.append(_line(each))
                learn(known, changed)
            after = entries[-1].entry_id
    return known, told


def _concerns(
    about: Recorded, known: dict[str, Entity], changed: dict[str, Entity | None], name: str
) -> bool:
    """Whether a decision was about the limit *name*, or asked for slots of it."""
    slots = about.decision.facts.slots
    if slots is not None and any(each.name == name for each in slots.limits):
        return True
    if limit_name_key(name) in changed:
        return True
    for key in changed:
        limit = changed[key] or known.get(key)
        if isinstance(limit, ConcurrencyLimit) and limit.limit.name == name:
            return True
    return False


def _line(about: Recorded) -> str:
    decision = about.decision
    said = "; ".join(_said(each) for each in decision.changes) or "nothing changed"
    reason = (
        "" if decision.outcome is Outcome.ACCEPT else f" [red]{plain(decision.reason or '')}[/]"
    )
    at = f"{decision.at:%Y-%m-%d %H:%M:%S}"
    return f"[dim]{about.entry_id}[/] {at} {decision.kind}: {plain(said)}{reason}"


def _said(change: object) -> str:
    match change:
        case SlotsTaken(slots=slots, lease=lease):
            holder = "" if lease is None else f" by lease {lease.id}"
            by = "" if lease is None or lease.holder is None else f" of {lease.holder.type}"
            whom = "" if lease is None or lease.holder is None else f" {lease.holder.id}"
            return f"{slots} taken{holder}{by}{whom}"
        case SlotsGiven(slots=slots, lease_id=id):
            return f"{slots} given" + ("" if id is None else f" by lease {id}")
        case LeaseRenewed(lease_id=id, expires=expires):
            until = "it is given" if expires is None else f"{expires:%Y-%m-%d %H:%M:%S}"
            return f"lease {id} lasts until {until}"
        case LimitStored(limit=limit):
            return f"{limit.limit} slots, {limit.active_slots} taken"
        case _:
            return type(change).__name__


def _holders(known: dict[str, Entity], limit: ConcurrencyLimit) -> Iterator[tuple[str, str]]:
    for id, held in limit.leases.items():
        lease = known.get(lease_key(id))
        until = lease.lease.expires if isinstance(lease, ConcurrencyLease) else None
        who = f"lease {id}" if held.holder is None else f"{held.holder.type} {held.holder.id}"
        shown = "it is given" if until is None else f"{until:%Y-%m-%d %H:%M:%S}"
        yield (who if held.slots == 1 else f"{who} ({held.slots})"), shown
