# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false
from prefect import flow, get_run_logger, task

attempts = {"flaky": 0}


@task
def extract(n: int) -> int:
    get_run_logger().info("extracting %s", n)
    return n * 10


@task(retries=2, retry_delay_seconds=0.2)
def flaky(x: int) -> int:
    attempts["flaky"] += 1
    if attempts["flaky"] == 1:
        raise ValueError("the first attempt fails")
    return x + 1


@task
def square(i: int) -> int:
    return i * i


@task
def load(values: list[int]) -> int:
    return sum(values)


@flow
def child_flow(y: int) -> int:
    get_run_logger().info("in the subflow")
    return extract(y)


@flow(name="scenario-a", version="v1", retries=1)
def scenario_a(n: int = 3) -> int:
    a = extract(n)
    b = flaky(a)
    squares = [future.result() for future in square.map([1, 2, 3, 4, 5])]
    return load([*squares, child_flow(b)])


print("RESULT", scenario_a())
