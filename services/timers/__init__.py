"""Timers: what becomes due turns into proposals, and nobody looks through tables for it.

Theory of operation. A timer belongs to one state of one flow run: a decision that enters the
state sets it, a decision that leaves the state removes it. Both are read off the decision alone,
by a pure function. For each partition the timers that are set stand in one sorted set, by the
millisecond at which they are due, and in the same set stands the log entry up to which they were
set. A change names that entry and moves it on in the same script, so that of two processes one
changes the set and the other looks again; a set that is lost is lost as a whole, and is made
again from the log.

What is due becomes a proposal whose id says which timer it was. It is sent first and removed
from the set afterwards: a process that dies in between sends it again, and it is decided once.
"""

from ..rules.schedules import Limits
from .application import Timers
from .setting import Periods, Spans
from .timer import Kind
from .watching import Silence

__all__ = ["Kind", "Limits", "Periods", "Silence", "Spans", "Timers"]
