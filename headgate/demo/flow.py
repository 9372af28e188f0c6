"""Three tasks, one of which fails once, a map over five inputs, and a subflow.

Then a flow that is deployed twice: served on a schedule, and given to a work pool.
"""
# pyright: basic, reportMissingImports=false

import sys
from datetime import timedelta
from pathlib import Path

from prefect import flow, get_run_logger, runtime, task
from prefect.deployments import run_deployment


@task
def extract(number: int) -> int:
    """Take a number from somewhere."""
    get_run_logger().info("extracting %s", number)
    return number * 10


@task(retries=2, retry_delay_seconds=0.2)
def unsteady(number: int) -> int:
    """Fail at first, and succeed when tried again."""
    if runtime.task_run.run_count == 1:
        raise ValueError("the first attempt fails")
    return number + 1


@task
def load(numbers: list[int]) -> int:
    """Add everything up."""
    return sum(numbers)


@task
def square(number: int) -> int:
    """One of five at once."""
    return number * number


@flow(name="demo-child")
def child(number: int) -> int:
    """A flow inside the flow."""
    get_run_logger().info("in the subflow")
    return extract(number)


@flow(name="demo")
def demo(number: int = 3) -> int:
    """Everything in order."""
    print(f"flow run {runtime.flow_run.id}", flush=True)
    steadied = unsteady(extract(number))
    squares = [future.result() for future in square.map([1, 2, 3, 4, 5])]
    return load([*squares, child(steadied)])


@flow(name="demo-deployed")
def deployed(greeting: str = "hello") -> str:
    """What its deployments run."""
    get_run_logger().info("%s", greeting)
    return greeting


def run() -> None:
    """Run the flow here and now."""
    print(f"result {demo()}")


def serve() -> None:
    """Serve a deployment whose schedule is due every few seconds, until told to stop."""
    deployed.serve(name="by-the-clock", interval=timedelta(seconds=5), print_starting_message=False)


def deploy(pool: str) -> None:
    """Deploy to a work pool, and ask for one run."""
    here = Path(__file__)
    source = flow.from_source(source=str(here.parent), entrypoint=f"{here.name}:deployed")
    source.deploy(name="by-a-worker", work_pool_name=pool, print_next_steps=False)
    run_deployment("demo-deployed/by-a-worker", timeout=0, parameters={"greeting": "from a worker"})


if __name__ == "__main__":
    {"run": run, "serve": serve, "deploy": deploy}[sys.argv[1]](*sys.argv[2:])
