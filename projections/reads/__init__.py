"""Reads: entities from the views, by filters. Nothing here writes."""

from .views import Views, ViewsAbsent

__all__ = ["Views", "ViewsAbsent"]
