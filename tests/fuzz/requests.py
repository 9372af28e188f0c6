"""Requests that schemathesis makes from the OpenAPI document, and what it says of the answers."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis import checks as of_all
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks as of_openapi

from tests.fuzz.findings import Findings
from tests.support.inhabitants import filled, inhabit

NAMED = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
CHECKS: list[Any] = [
    getattr(of_all, "not_a_server_error"),  # noqa: B009 - its type is not whole
    *(getattr(of_openapi, name) for name in NAMED),
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
ANSWER_S = 20
ROUND_MAX = 25
"""Requests of one operation and mode in a row."""
ANEW = 10
"""After so many operations there is one of everything anew."""

REFERS = {
    "flow_id": "/flows/",
    "flow_run_id": "/flow_runs/",
    "task_run_id": "/task_runs/",
    "parent_task_run_id": "/task_runs/",
    "deployment_id": "/deployments/",
    "deployment_ids": "/deployments/",
    "work_pool_name": "/work_pools/",
    "block_type_id": "/block_types/",
    "block_schema_id": "/block_schemas/",
    "default_result_storage_block_id": "/block_documents/",
    "storage_document_id": "/block_documents/",
    "lease_id": "/v2/concurrency_limits/leases/",
    "names": "/v2/concurrency_limits/",
    "any_": "/flow_runs/",
}
"""What fields of bodies refer to, as things that there are."""


def fuzz_requests(url: str, number: int, first_seed: int, findings: Findings) -> None:
    """Send *number* requests at least to the API at *url*, about as many of each operation."""
    schema: Any = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations: list[Any] = [each.ok() for each in schema.get_all_operations()]
    most = min(ROUND_MAX, -(-number // (len(operations) * len(MODES))))
    place, things = 0, dict[str, str]()
    last = findings.asked["requests"] + number
    with requests.Session() as session, httpx.Client(base_url=url, timeout=ANSWER_S) as api:
        while findings.asked["requests"] < last:
            operation = operations[place % len(operations)]
            if place % ANEW == 0:
                things = inhabit(api)
            for mode in MODES:
                # some operations take nothing that could be wrong
                with suppress(Unsatisfiable):
                    _fuzz(operation, mode, url, session, things, most, first_seed + place, findings)
            answer = api.get("/ready")
            if answer.status_code != 200:
                findings.found(operation.label, "the server is not ready any more", answer.text)
            place += 1


def _fuzz(
    operation: Any,
    mode: GenerationMode,
    url: str,
    session: requests.Session,
    things: dict[str, str],
    most: int,
    first_seed: int,
    findings: Findings,
) -> None:
    @seed(first_seed)
    @settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
    @given(case=operation.as_strategy(generation_mode=mode), leads=st.integers(0, 3))
    def ask(case: Any, leads: int) -> None:
        if leads:
            _lead(case, operation, things)
        _ask(case, url, session, findings)

    ask()


def _lead(case: Any, operation: Any, things: dict[str, str]) -> None:
    """Let the path and the body of *case* be about things that there are."""
    path: str = operation.path
    for name in list[str](case.path_parameters or ()):
        before = path.partition(f"{{{name}}}")[0]
        known = things.get(before) or _alike(before, things)
        if known is not None:
            case.path_parameters[name] = known
    for holder, key in _named(case.body):
        thing = things[REFERS[key]]
        holder[key] = [thing] if isinstance(holder[key], list) else thing


def _alike(before: str, things: dict[str, str]) -> str | None:
    """What stands in the path after *before*, whatever parameters are called there."""
    plain = filled(before, {})
    return next((each for known, each in things.items() if filled(known, {}) == plain), None)


def _named(tree: Any) -> Iterator[tuple[Any, str]]:
    """Fields in *tree* that refer to something."""
    if isinstance(tree, dict):
        for key, value in tree.items():  # pyright: ignore[reportUnknownVariableType]
            if key in REFERS:
                yield tree, key  # pyright: ignore[reportUnknownArgumentType]
            else:
                yield from _named(value)
    elif isinstance(tree, list):
        for value in tree:  # pyright: ignore[reportUnknownVariableType]
            yield from _named(value)


def _ask(case: Any, url: str, session: requests.Session, findings: Findings) -> None:
    where = case.operation.label
    findings.asked["requests"] += 1
    try:
        answer = case.call(base_url=url, session=session, timeout=ANSWER_S)
    except (requests.ConnectionError, requests.Timeout) as error:
        findings.found(where, f"no answer: {type(error).__name__}", case.as_curl_command())
        return
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        for failure in group.exceptions:
            _note(where, failure, case, answer, findings)
    except Failure as failure:
        _note(where, failure, case, answer, findings)


def _note(where: str, failure: Any, case: Any, answer: Any, findings: Findings) -> None:
    what = f"{type(failure).__name__} {answer.status_code}"
    said = str(getattr(failure, "message", failure)).replace("\n", " ")[:160]
    body = answer.content[:120].decode(errors="replace")
    findings.found(where, what, f"{said} | {body} | {case.as_curl_command()}")
