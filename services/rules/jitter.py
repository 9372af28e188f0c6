"""Delays that differ between runs that failed together, and are the same in every replay."""

from math import exp, log, log2

from events.policies import SECONDS_MAX

FACTOR_UNBOUNDED = 49.0
"""From here on the lower bound is nothing."""


def jittered(seconds: float, factor: float, fraction: float) -> float:
    """A delay around *seconds*, at most *factor* more of it; *fraction*, from 0 to 1, picks it.

    An exponential variate of mean *seconds*, cut off at both ends so that the mean stays near.
    """
    if seconds <= 0:
        return 0.0
    lower, upper = _less_than(_shortest(factor)), _less_than(1.0 + factor)
    picked = lower + fraction * (upper - lower)
    return min(-seconds * log(1.0 - picked), SECONDS_MAX)


def _less_than(means: float) -> float:
    """How likely a variate is shorter than so many times its mean."""
    return 1.0 - exp(-means)


def _shortest(factor: float) -> float:
    """The lower bound that goes with the upper one, in means."""
    if factor >= FACTOR_UNBOUNDED:
        return 0.0
    doubled = 2.0 ** (1.0 + factor)
    return max(0.0, log2(doubled / (doubled - 1.0)))
