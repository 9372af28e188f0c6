# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false
"""Scenario E: a flow is deployed to a work pool, for a process worker to run."""

from pathlib import Path
from time import sleep

from prefect import flow


@flow(name="scenario-e", log_prints=True)
def multiply(a: int = 6, b: int = 7, wait_s: float = 0) -> int:
    print(f"multiplying {a} and {b}")
    sleep(wait_s)
    return a * b


if __name__ == "__main__":
    here = Path(__file__)
    flow.from_source(source=str(here.parent), entrypoint=f"{here.name}:multiply").deploy(
        name="deployed", work_pool_name="local", tags=["e"]
    )
