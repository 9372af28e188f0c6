# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false, reportCallIssue=false
"""Scenario I: background tasks, transactions that roll back, and results found again."""

import json
import sys

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.task_worker import serve
from prefect.transactions import transaction


@task(log_prints=True)
def double(number: int) -> int:
    print(f"doubling {number}")
    return number * 2


@task
def fail() -> None:
    raise ValueError("not today")


def work() -> None:
    serve(double, fail)


def ask() -> None:
    """Enqueue, and leave."""
    future = double.delay(21)
    print("RESULT", json.dumps(str(future.task_run_id)))


def wait() -> None:
    """Enqueue, and wait for what comes of it."""
    good, bad = double.delay(4), fail.delay()
    for future in (good, bad):
        future.wait(timeout=60)
    said = {"good": good.result(timeout=60), "good_id": str(good.task_run_id)}
    said |= {"bad": bad.state.name, "bad_id": str(bad.task_run_id)}
    print("RESULT", json.dumps(said))


@task
def write(name: str) -> str:
    return name


undone = []


@write.on_rollback
def undo(transaction) -> None:
    undone.append(transaction.key)


@flow
def rolled_back() -> None:
    with transaction():
        write("a")
        fail()


@task(cache_policy=INPUTS, persist_result=True)
def slow(number: int) -> int:
    return number + 1


@flow
def cached() -> list[int]:
    return [slow(1), slow(1), slow(2)]


def settle() -> None:
    """A transaction that fails, and a task that is asked the same twice."""
    state = rolled_back(return_state=True)
    again = cached(return_state=True)
    said = {"rolled_back": str(state.state_details.flow_run_id), "undone": len(undone)}
    said |= {"cached": str(again.state_details.flow_run_id), "results": again.result()}
    print("RESULT", json.dumps(said))


if __name__ == "__main__":
    {"work": work, "ask": ask, "wait": wait, "settle": settle}[sys.argv[1]]()
