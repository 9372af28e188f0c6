"""Three tasks, one of which fails once, a map over five inputs, and a subflow."""
# pyright: basic, reportMissingImports=false

from prefect import flow, get_run_logger, runtime, task


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


if __name__ == "__main__":
    print(f"result {demo()}")
