"""`headgate keys` makes, lists and ends the keys by which people and programs come in."""

import asyncio
from typing import Annotated, Literal

from cyclopts import Parameter

from events.changes import ResourceRemoved, ResourceStored
from events.decisions import Decision, Outcome
from events.log import START
from events.log.redis import RedisEventLog
from events.proposals import RemoveResource, StoreResource
from events.resources.administration.api_keys import ApiKey, Scope
from services.gateway.access.credentials import hash_of

from ... import clock
from ...bus.connecting import log_of, redis_of
from ...client import Headgate
from ...errors import ForPeople, Misused
from ...reading import recorded
from ..console import listing, out, plain
from ..where import HERE, Where

BY = "headgate keys"


def keys(
    action: Literal["list", "add", "end"] = "list",
    name: str | None = None,
    /,
    *,
    scope: Annotated[Scope, Parameter(name="--scope")] = "propose",
    where: Where = HERE,
) -> int:
    """List the keys; `add` one, which is shown this once; or `end` one, which shuts it out.

    Parameters
    ----------
    action
        What to do.
    name
        Whose key it is, such as `worker-7`; decisions are signed with it.
    scope
        What the key is for: to read, to propose as well, or to administer as well.
    """
    if action == "list":
        table = listing("key", "scope", "since (UTC)")
        for key in sorted(asyncio.run(_listed(where)), key=lambda key: key.name):
            since = key.created.isoformat(" ", "seconds").removesuffix("+00:00")
            table.add_row(plain(key.name), key.scope, since)
        out().print(table)
        return 0
    if not name:
        raise Misused(f"whose key? `headgate keys {action} NAME`")
    if action == "add":
        out().print(asyncio.run(_added(where, name, scope)), soft_wrap=True, highlight=False)
    else:
        asyncio.run(_ended(where, name))
    return 0


async def _listed(where: Where) -> list[ApiKey]:
    async with log_of(where.settings(), stopped=True) as log:
        return list((await _keys(log)).values())


async def _keys(log: RedisEventLog) -> dict[str, ApiKey]:
    """The keys that there are, by name, folded from the log."""
    found: dict[str, ApiKey] = {}
    control, after = log.streams.control, START
    while entries := await log.entries(control, after):
        for entry in entries:
            for change in recorded(control, entry).decision.changes:
                match change:
                    case ResourceStored(resource=ApiKey() as key):
                        found[key.name] = key
                    case ResourceRemoved(id=id):
                        found = {name: key for name, key in found.items() if key.id != id}
                    case _:
                        pass
        after = entries[-1].entry_id
    return found


async def _added(where: Where, name: str, scope: Scope) -> str:
    key = clock.new_key()
    made = ApiKey(id=clock.new_id(), name=name, scope=scope, hash=hash_of(key))
    decision = await _asked(where, StoreResource(id=str(made.id), by=BY, resource=made))
    if decision.outcome is not Outcome.ACCEPT:
        raise ForPeople(f"there is a key for {name!r} already; end it first, or choose a name")
    return key


async def _ended(where: Where, name: str) -> None:
    key = {each.name: each for each in await _listed(where)}.get(name)
    if key is None:
        raise ForPeople(f"there is no key for {name!r}; `headgate keys` lists them")
    ending = RemoveResource(id=str(clock.new_id()), by=BY, kind="api_key", resource_id=key.id)
    await _asked(where, ending)


async def _asked(where: Where, proposal: StoreResource | RemoveResource) -> Decision:
    settings = where.settings()
    with redis_of(settings) as url:
        timeout_s = settings.reply_timeout_ms / 1000
        async with Headgate(url, prefix=settings.prefix, timeout_s=timeout_s) as headgate:
            return (await headgate.propose(proposal)).decided()
