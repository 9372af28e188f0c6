"""Waiting until the views have reached the end that the log has now."""

import asyncio

from events.log import EventLog

from .views import Views

POLL_S = 0.01
WAIT_S = 5.0


class ViewsBehind(Exception):
    """The views have not reached the end of the log in time; look again later."""


async def views_have_followed(log: EventLog, views: Views) -> None:
    """Return once the views hold all that was decided before this was called. ViewsBehind."""
    heads = {each: (await log.head(each)).position for each in log.streams.every()}
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                reached = await views.positions()
                if all(reached.get(each, 0) >= end for each, end in heads.items()):
                    return
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise ViewsBehind("the views are behind the log") from None
