"""The workspace: a server is one, and says so in the words of those who know many."""

import re
from uuid import UUID, uuid5

from msgspec import Struct

from events.identity import NAMESPACE

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation

ACCOUNT = "self-hosted"
PLACE = "/me/workspaces"

_not_plain = re.compile(r"[^a-z0-9]+")


class WorkspaceResponse(Struct, frozen=True, kw_only=True):
    """A workspace of an account, and where it is; this server has no pages of its own."""

    account_id: UUID
    account_name: str
    account_handle: str
    workspace_id: UUID
    workspace_name: str
    workspace_description: str
    workspace_handle: str
    handle: str
    api_url: str
    ui_url: str | None


async def read_workspaces(context: Context, call: Call) -> Reply:
    """The one workspace that there is; its ids and names are those of the log's prefix."""
    prefix = context.streams.prefix
    workspace = _not_plain.sub("-", prefix.lower()).strip("-") or "default"
    return answered(
        [
            WorkspaceResponse(
                account_id=uuid5(NAMESPACE, f"account/{prefix}"),
                account_name=ACCOUNT,
                account_handle=ACCOUNT,
                workspace_id=uuid5(NAMESPACE, f"workspace/{prefix}"),
                workspace_name=prefix,
                workspace_description=f"All that is kept under the prefix {prefix!r}",
                workspace_handle=workspace,
                handle=f"{ACCOUNT}/{workspace}",
                api_url=call.api_url(context, PLACE),
                ui_url=None,
            )
        ]
    )


OPERATIONS = (
    Operation(method="GET", path=PLACE, handler=read_workspaces, summary="Read Workspaces",
              tag="Workspaces", gives=list[WorkspaceResponse]),
)  # fmt: skip
