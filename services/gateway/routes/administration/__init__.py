"""The server itself, and what it is told about itself."""

from . import ip_allowlist, server

OPERATIONS = (*server.OPERATIONS, *ip_allowlist.OPERATIONS)

__all__ = ["OPERATIONS"]
