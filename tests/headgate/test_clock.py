"""The clock is aware, and what it names sorts by time."""

import subprocess
import sys
from datetime import UTC

from events.identity import partition_of
from events.instants import millis_of
from headgate.clock import elapsed_s, new_id, now


def test_now_is_in_utc() -> None:
    assert now().tzinfo is UTC


def test_an_id_says_when_it_was_made() -> None:
    before = millis_of(now())
    id = new_id()
    assert id.version == 7
    assert id.variant == "specified in RFC 4122"
    assert before <= id.int >> 80 <= millis_of(now())


def test_ids_are_spread_over_the_partitions() -> None:
    assert {partition_of(new_id(), 8) for _ in range(500)} == set(range(8))


def test_no_two_ids_are_alike() -> None:
    assert len({new_id() for _ in range(1_000)}) == 1_000


def test_a_forked_child_gives_other_ids_than_its_parent() -> None:
    forks = """
import os
from headgate.clock import new_id
new_id()
child = os.fork()
os.write(1, (new_id().hex[13:] + "\\n").encode())
if child:
    os.waitpid(child, 0)
"""
    ran = subprocess.run([sys.executable, "-c", forks], capture_output=True, text=True, check=True)
    one, other = ran.stdout.split()
    assert one != other


def test_elapsed_time_never_goes_back() -> None:
    assert elapsed_s() <= elapsed_s()
