# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false, reportCallIssue=false
import sys

from prefect import flow, task


@task(persist_result=True, result_serializer="json")
def in_a_record() -> dict[str, list[int]]:
    return {"x": [1]}


@flow(persist_result=True, result_serializer="json")
def as_json() -> dict[str, list[int]]:
    in_a_record()
    return {"x": [1]}


@flow(persist_result=True)
def pickled() -> set[int]:
    return {1, 2}


@flow(persist_result=True, result_serializer="compressed/pickle")
def compressed() -> set[int]:
    return {1, 2}


@flow(persist_result=True)
def failing() -> None:
    raise ValueError("boom")


@flow(persist_result=True, result_serializer="json")
def failing_as_json() -> None:
    raise ValueError("boom")


FLOWS = (as_json, pickled, compressed, failing, failing_as_json)

if __name__ == "__main__":
    for each in FLOWS:
        each(return_state=True)
    sys.stdout.write("ran\n")
