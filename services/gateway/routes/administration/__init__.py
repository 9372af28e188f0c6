"""The server itself, and what it is told about itself."""

from . import server

OPERATIONS = (*server.OPERATIONS,)

__all__ = ["OPERATIONS"]
