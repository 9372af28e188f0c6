"""The rules: pure functions from what is known and what is asked to a decision.

`needs` says which entities to load, `answered` whether they remember the proposal, `decide` what
becomes of it, or what it has to be told first. Nothing here knows a clock, a stream or a log.
"""

from .asking.verdict import NOTHING_TOLD, Ask, Told
from .decide import decide
from .echo import echoed
from .subjects import answered, needs
from .task_runs.slots import HOLDING
from .terms import TERMS, Terms

__all__ = [
    "HOLDING",
    "NOTHING_TOLD",
    "TERMS",
    "Ask",
    "Terms",
    "Told",
    "answered",
    "decide",
    "echoed",
    "needs",
]
