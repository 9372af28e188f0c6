"""Values that people give: filled in where they say how, and checked against a JSON schema."""

from .hydrating import NotHydrated, hydrated, variables_named
from .problems import Problem, problems
from .templates import Unreadable, unreadable
from .validating import NotValid, SchemaUnusable, validated

__all__ = [
    "NotHydrated", "NotValid", "Problem", "SchemaUnusable", "Unreadable", "hydrated", "problems",
    "unreadable", "validated", "variables_named",
]  # fmt: skip
