"""The root says which server this is, whether it lives, and whether it can serve."""

import socket

import httpx
import pytest

from services.gateway.routes import OPERATIONS
from tests.support.gateway import Running

TOO_OLD = (
    "The request specified API version 0.7.0 but this server requires version 0.8.0 or higher."
)
MALFORMED = (
    "Invalid X-PREFECT-API-VERSION header format.Expected header in format 'x.y.z' but received"
)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/admin/version", 200, "3.9.1"),
        ("/version", 200, "0.8.4"),
        ("/health", 200, True),
        ("/ready", 200, {"message": "OK"}),
        ("/csrf-token?client=x", 422, {"detail": "CSRF protection is disabled."}),
        ("/admin/storage", 200, {"default_result_storage_block_id": None}),
        ("/nope", 404, {"detail": "Not Found"}),
        ("/flow_runs/banana", 404, {"detail": "Not Found"}),
    ],
)
def test_a_get_is_answered(api: httpx.Client, path: str, status: int, body: object) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()) == (status, body)


def test_a_csrf_token_needs_a_client(api: httpx.Client) -> None:
    answer = api.get("/csrf-token")
    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["query", "client"]


@pytest.mark.parametrize("version", ["0.8.0", "0.8.4", "0.9.0", "1.0.0", ""])
def test_an_api_version_from_080_on_is_served(api: httpx.Client, version: str) -> None:
    answer = api.get("/admin/version", headers={"X-PREFECT-API-VERSION": version})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("version", "detail"),
    [
        ("0.7.0", TOO_OLD),
        ("0.8.4.1", f"{MALFORMED} 0.8.4.1"),
        ("a.b.c", f"{MALFORMED} a.b.c"),
    ],
)
def test_other_api_versions_are_refused(api: httpx.Client, version: str, detail: str) -> None:
    for answer in (
        api.get("/admin/version", headers={"X-PREFECT-API-VERSION": version}),
        api.post("/flows/filter", headers={"X-PREFECT-API-VERSION": version}),
    ):
        assert (answer.status_code, answer.json()) == (400, {"detail": detail})


def test_health_asks_for_no_api_version(api: httpx.Client) -> None:
    assert api.get("/health", headers={"X-PREFECT-API-VERSION": "0.7.0"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("POST", "/flows", "/flows/"),
        ("POST", "/flow_runs", "/flow_runs/"),
        ("GET", "/health/", "/health"),
        ("GET", "/flow_run_states?flow_run_id=1", "/flow_run_states/?flow_run_id=1"),
    ],
)
def test_a_slash_too_many_or_too_few_is_redirected(
    gateway: Running, api: httpx.Client, method: str, path: str, location: str
) -> None:
    answer = api.request(method, path)
    assert answer.status_code == 307
    assert answer.headers["location"] == gateway.url + location


@pytest.mark.parametrize(
    ("method", "path", "allow"), [("DELETE", "/flows/", "POST"), ("HEAD", "/health", "GET")]
)
def test_a_wrong_method_is_refused(api: httpx.Client, method: str, path: str, allow: str) -> None:
    answer = api.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


def test_the_openapi_document_has_every_operation_with_its_bodies(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    operations = {
        f"{method.upper()} {path}" for path, each in document["paths"].items() for method in each
    }
    assert {
        "POST /flow_runs/{id}/set_state",
        "GET /flow_runs/{id}",
        "POST /logs/",
        "POST /flow_runs/filter",
        "GET /ready",
    } <= operations
    assert len(operations) == len(OPERATIONS)
    set_state = document["paths"]["/flow_runs/{id}/set_state"]["post"]
    taken = set_state["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert taken == "#/components/schemas/SetState"
    assert set(document["components"]["schemas"]["SetState"]["properties"]) == {"state", "force"}


def test_the_openapi_document_and_its_page_are_outside_the_prefix_too(gateway: Running) -> None:
    root = gateway.url.removesuffix("/api")
    assert httpx.get(f"{root}/openapi.json").json()["info"]["title"] == "Headgate"
    assert "swagger" in httpx.get(f"{root}/docs").text


def test_head_and_body_of_an_answer_leave_together(gateway: Running) -> None:
    url = httpx.URL(gateway.url)
    with socket.create_connection((url.host, url.port or 80), timeout=5) as connection:
        for _ in range(20):
            connection.sendall(b"GET /api/version HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65_536).endswith(b'\r\n\r\n"0.8.4"')
