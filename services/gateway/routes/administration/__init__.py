"""The server itself, and what it is told about itself."""

from . import configuration, ip_allowlist, server, workspace

OPERATIONS = (
    *server.OPERATIONS,
    *configuration.OPERATIONS,
    *ip_allowlist.OPERATIONS,
    *workspace.OPERATIONS,
)

__all__ = ["OPERATIONS"]
