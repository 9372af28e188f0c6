"""Access: who may come in, and the workspace that is entered."""

import os
from ipaddress import IPv4Network, IPv6Network
from uuid import UUID

from pydantic import ConfigDict, Field, computed_field

from .model import DateTime, Model

API_URL = "http://127.0.0.1:4200/api"
"""Where a server is when nobody says."""


class IPAllowlistEntry(Model):
    """A network that may come in while the entry is enabled, and when it last did."""

    ip_network: IPv4Network | IPv6Network
    enabled: bool
    description: str | None = None
    last_seen: DateTime | None = None


class IPAllowlist(Model):
    """The networks that may come in."""

    entries: list[IPAllowlistEntry]


class IPAllowlistMyAccessResponse(Model):
    """Whether who asks may come in, and why."""

    allowed: bool
    detail: str


class Workspace(Model):
    """A place for flows and runs, of an account. A server of one's own is one."""

    model_config = ConfigDict(populate_by_name=True)

    account_id: UUID
    account_name: str
    account_handle: str
    workspace_id: UUID
    workspace_name: str
    workspace_description: str
    workspace_handle: str

    served_at: str | None = Field(default=None, alias="api_url")
    shown_at: str | None = Field(default=None, alias="ui_url")

    @computed_field
    @property
    def handle(self) -> str:
        """The account's handle and its own."""
        return f"{self.account_handle}/{self.workspace_handle}"

    def api_url(self) -> str:
        """Where its API is: what its server says, or else PREFECT_API_URL."""
        said = self.served_at or os.environ.get("PREFECT_API_URL") or API_URL
        return said.rstrip("/")

    def ui_url(self) -> str | None:
        """Where people look at it; None when its server has no pages."""
        return self.shown_at

    def __hash__(self) -> int:
        return hash(self.handle)
