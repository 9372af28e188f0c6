"""Retired shapes and how each becomes the current one. None is retired yet.

To retire a shape: move its class here under its old tag, list it in `RETIRED_PROPOSALS`, and add
its upcast to `UPCASTS`. Its golden stays where it is and goes on passing.
"""

from collections.abc import Callable
from typing import Any

RETIRED_PROPOSALS: tuple[type, ...] = ()

UPCASTS: dict[type, Callable[[Any], Any]] = {}
"""From a retired class to the function that makes the current message of it."""


def current(message: object) -> Any:
    """*message* in its current shape."""
    while (upcast := UPCASTS.get(type(message))) is not None:
        message = upcast(message)
    return message
