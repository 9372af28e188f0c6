"""Schedules: at which instants they say that a run begins, and which of them are planned now."""

from .dates import check, dates
from .plan import Limits, Plan, limited, plan, print_of, run_on
from .walls import ScheduleInvalid

__all__ = [
    "Limits",
    "Plan",
    "ScheduleInvalid",
    "check",
    "dates",
    "limited",
    "plan",
    "print_of",
    "run_on",
]
