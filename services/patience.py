"""How long to wait after a failure: longer each time, a second at most, never in step."""

from redis.backoff import EqualJitterBackoff

_backoff = EqualJitterBackoff(base=0.05, cap=1.0)
_FAILURES_MAX = 10  # reaches the cap; two to the number of a day's failures is no float


def pause_s(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 0.05 to 0.1 at first, 0.5 to 1 at last."""
    return _backoff.compute(min(failures, _FAILURES_MAX))
