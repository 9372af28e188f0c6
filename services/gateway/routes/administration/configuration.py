"""Configuration: values kept under keys, for those who administer the server."""

from functools import partial
from typing import Any
from uuid import UUID

from msgspec import Struct, json

from events.instants import Instant
from events.queries import ConfigurationQuery
from events.resources.administration.configuration import Configuration

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, invalid
from ...http.operations import Operation
from ...resources import existing, listed, removed, store
from ..bodies import Body

KEY_MAX = 255
"""Characters of a key."""


class ConfigurationUpdate(Body, frozen=True, kw_only=True):
    """The value that there is to be under a key."""

    value: dict[str, Any]


class ConfigurationResponse(Struct, frozen=True, kw_only=True):
    """A value and its key."""

    id: UUID
    created: Instant
    updated: Instant
    key: str
    value: dict[str, Any]


async def update_configuration(context: Context, call: Call) -> Reply:
    """Keep a value in place of the one under that key: 201 or 200."""
    key, value = call.path("key"), call.as_a(ConfigurationUpdate).value
    if len(key) > KEY_MAX:
        raise invalid(f"Value error, a key has at most {KEY_MAX} characters", "path", "key")
    size, most = len(json.encode(value)), context.limits.parameters_bytes_max
    if size > most:
        raise invalid(
            f"Value error, a value has at most {most:,} bytes when serialized (got {size:,} bytes)",
            *("body", "value"),
        )
    made = Configuration(id=context.new_id(), key=key, value=value)
    kept, status = await store(context, made, if_exists="amend", given=["value"])
    return answered(_shown(kept), status)


async def read_configuration(context: Context, call: Call) -> Reply:
    """The value under a key."""
    return answered(_shown(await existing(context, Configuration, key=call.path("key"))))


async def read_configurations(context: Context, call: Call) -> Reply:
    """A page of values, in the order of their keys."""
    found = await listed(context, Configuration, call.as_query(ConfigurationQuery))
    return answered([_shown(one) for one in found])


async def delete_configuration(context: Context, call: Call) -> Reply:
    """Forget the value under a key."""
    return await removed(context, Configuration, key=call.path("key"))


def _shown(one: Configuration) -> ConfigurationResponse:
    return ConfigurationResponse(
        id=one.id, created=one.created, updated=one.updated, key=one.key, value=one.value
    )


_operation = partial(Operation, tag="Admin", is_for_admins=True)
ALL = "/admin/configuration"
ONE = f"{ALL}/{{key}}"

OPERATIONS = (
    _operation(method="POST", path=f"{ALL}/filter", handler=read_configurations,
               summary="Read Configurations", takes=ConfigurationQuery,
               gives=list[ConfigurationResponse]),
    _operation(method="GET", path=ONE, handler=read_configuration, summary="Read Configuration",
               gives=ConfigurationResponse),
    _operation(method="PUT", path=ONE, handler=update_configuration,
               summary="Update Configuration", takes=ConfigurationUpdate,
               gives=ConfigurationResponse, statuses=(201, 200)),
    _operation(method="DELETE", path=ONE, handler=delete_configuration,
               summary="Delete Configuration", statuses=(204,)),
)  # fmt: skip
