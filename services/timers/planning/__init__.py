"""Planning: the runs of schedules, made ahead of their dates."""

from .planned import Plans
from .planner import Planner

__all__ = ["Planner", "Plans"]
