"""Variables: values that runs and deployments look up by their names."""

from typing import Any

from .resource import Kind, Resource


class Variable(Resource, frozen=True, kw_only=True, tag="variable.v1"):
    """A value, which is anything that JSON can say. Names are unique."""

    name: str
    value: Any = None
    tags: list[str] = []


VARIABLE = Kind(type=Variable, keys=(("name",),))
