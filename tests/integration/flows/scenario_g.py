# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false
"""Scenario G: events are told, followed and found again; automations are kept."""

import asyncio
import json
import sys
from datetime import timedelta

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.events.actions import DoNothing
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.types._datetime import now

FILTER = EventFilter(event=EventNameFilter(prefix=["ledger."]))


def emit(count: int = 3) -> list[str]:
    """Tell of something that happened."""
    return [
        str(
            emit_event(
                event=f"ledger.booked.{number}",
                resource={"prefect.resource.id": "ledger.1", "prefect.resource.name": "one"},
                related=[{"prefect.resource.id": "book.1", "prefect.resource.role": "book"}],
                payload={"number": number},
                occurred=now("UTC") - timedelta(seconds=count - number),
            ).id
        )
        for number in range(count)
    ]


async def follow(wanted: int) -> list[dict]:
    """The next events, with those of the last minute before them."""
    found = []
    async with get_events_subscriber(filter=FILTER) as subscriber:
        while len(found) < wanted:
            event = await anext(subscriber)
            found.append({"id": str(event.id), "event": event.event, "payload": event.payload})
    return found


def find() -> list[str]:
    """All that is kept, page after page."""
    with get_client(sync_client=True) as client:
        page = client.read_events(filter=FILTER, limit=2)
        found, total = list(page.events), page.total
        while page.next_page is not None:
            page = client.read_events_page(str(page.next_page))
            found += page.events
    assert total == len(found), (total, len(found))
    return [event.event for event in found]


def automate() -> dict:
    """An automation from its making to its end."""
    trigger = EventTrigger(
        expect={"ledger.booked.*"},
        match={"prefect.resource.id": "ledger.*"},
        posture=Posture.Reactive,
        threshold=2,
        within=timedelta(seconds=60),
    )
    made = Automation(name="tell me", trigger=trigger, actions=[DoNothing()], tags=["g"]).create()
    read = Automation.read(name="tell me")
    same = read.id == made.id and read.trigger.within == timedelta(seconds=60)
    read.description = "when it is booked"
    read.update()
    read.disable()
    disabled = Automation.read(id=made.id)
    disabled.enable()
    enabled = Automation.read(id=made.id)
    said = {
        "same": same,
        "expect": sorted(enabled.trigger.expect),
        "description": enabled.description,
        "enabled": [disabled.enabled, enabled.enabled],
        "deleted": enabled.delete(),
    }
    try:
        Automation.read(id=made.id)
    except (ValueError, ObjectNotFound):
        said["gone"] = True
    return said


def main() -> None:
    ids = emit()
    followed = asyncio.run(follow(3))
    print("RESULT", json.dumps({"ids": ids, "followed": followed, "found": find(), **automate()}))


if __name__ == "__main__":
    {"main": main, "emit": lambda: print(json.dumps(emit(1)))}[sys.argv[1]]()
