"""The rules: pure functions from what is known and what is asked to a decision.

`needs` says which entities to load, `answered` whether they remember the proposal, `decide` what
becomes of it. Nothing here knows a clock, a stream or a log.
"""

from .decide import decide
from .echo import echoed
from .subjects import answered, needs

__all__ = ["answered", "decide", "echoed", "needs"]
