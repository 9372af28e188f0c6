# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false
"""Scenario C: slots of limits, taken by hand, by the rate, by tags and by deployments."""

import asyncio
import sys
import threading
import time
from time import sleep

from prefect import flow, serve, task
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.asyncio import concurrency as aconcurrency
from prefect.concurrency.sync import concurrency, rate_limit


class Together:
    """How many are inside at once, at most."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


together = Together()


def hold(name: str, occupy: str = "1") -> None:
    with concurrency(name, occupy=int(occupy), lease_duration=60):
        print("INSIDE", flush=True)
        sys.stdin.readline()
    print("RESULT left")


def hurry(name: str, timeout_s: str) -> None:
    try:
        with concurrency(name, timeout_seconds=float(timeout_s)):
            print("RESULT inside")
    except TimeoutError:
        print("RESULT too slow")


def rate(name: str, times: str) -> None:
    began = time.monotonic()
    for _ in range(int(times)):
        rate_limit(name)
    print("RESULT", time.monotonic() - began)


def unknown(name: str) -> None:
    with concurrency(name):
        rate_limit(name)
    try:
        with concurrency(name, strict=True):
            print("RESULT inside")
    except ConcurrencySlotAcquisitionError as error:
        print("RESULT", type(error).__name__)


def too_many(name: str) -> None:
    try:
        with concurrency(name, occupy=9):
            print("RESULT inside")
    except ConcurrencySlotAcquisitionError as error:
        print("RESULT", error)


@task(tags=["big", "also-big"])
def work(_: int) -> None:
    with together:
        sleep(0.3)


@task(tags=["nobody-limits-this"])
def free(n: int) -> int:
    return n


@flow(name="tagged")
def tagged() -> int:
    work.map(range(4)).wait()
    return sum(free.map(range(4)).result())


@task
async def aside(name: str) -> None:
    async with aconcurrency(name, occupy=1):
        with together:
            await asyncio.sleep(0.1)


@flow(name="asynchronous")
async def asynchronous(name: str) -> None:
    for future in aside.map([name] * 3):
        future.wait()


@flow(name="limited")
def limited(wait_s: float = 0) -> None:
    sleep(wait_s)


def deploy() -> None:
    both = [
        limited.to_deployment(
            name=strategy.lower(),
            concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=strategy),
        )
        for strategy in ("ENQUEUE", "CANCEL_NEW")
    ]
    serve(*both, query_seconds=1)


def run_tagged() -> None:
    print("RESULT", tagged(), together.most)


def run_asynchronous(name: str) -> None:
    asyncio.run(asynchronous(name))
    print("RESULT", together.most)


if __name__ == "__main__":
    kind, *given = sys.argv[1:]
    {
        "hold": hold,
        "hurry": hurry,
        "rate": rate,
        "unknown": unknown,
        "too-many": too_many,
        "tagged": run_tagged,
        "asynchronous": run_asynchronous,
        "serve": deploy,
    }[kind](*given)
