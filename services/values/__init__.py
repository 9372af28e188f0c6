"""Values that people give: filled in where they say how, and checked against a JSON schema."""

from .hydrating import NotHydrated, hydrated, variables_named
from .templates import Unreadable, unreadable
from .validating import NotValid, SchemaUnusable, validated

__all__ = [
    "NotHydrated", "NotValid", "SchemaUnusable", "Unreadable", "hydrated", "unreadable",
    "validated", "variables_named",
]  # fmt: skip
