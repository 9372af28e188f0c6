"""What a proposer's program is able to do, by its version."""

import re
from functools import lru_cache

LEASES_SINCE = (3, 4, 11)
"""The client version from which runs renew the lease of their slot."""

OWN_SLOTS = frozenset({"3.0.0rc20", "3.0.0", "3.0.1", "3.0.2", "3.0.3"})
"""Clients whose workers take and give the slots of deployments themselves."""

_numbers = re.compile(r"\d+")
_early = re.compile(r"\d\.?(?:a|b|rc|dev)\d")
"""What a version before the one with its numbers has: https://peps.python.org/pep-0440/"""


@lru_cache(maxsize=256)
def renews_leases(client_version: str | None) -> bool:
    """Whether the proposer renews leases; who names no version does not."""
    if client_version is None:
        return False
    numbers = tuple(int(each) for each in _numbers.findall(client_version)[:3])
    is_early = _early.search(client_version) is not None
    return numbers > LEASES_SINCE or (numbers == LEASES_SINCE and not is_early)
