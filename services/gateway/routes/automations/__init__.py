"""Automations: one, lists of them, those of a resource, and the templates that actions hold."""

from . import lists, one, templates

OPERATIONS = (*lists.OPERATIONS, *templates.OPERATIONS, *one.OPERATIONS)

__all__ = ["OPERATIONS"]
