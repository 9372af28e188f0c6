"""How the API describes itself."""

from .pages import described

__all__ = ["described"]
