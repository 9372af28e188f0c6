"""Reads: entities from the views, by filters. Nothing here writes."""

from .views import Views

__all__ = ["Views"]
