"""A server with one of everything, so that every path leads somewhere."""

import re
from typing import Any

import httpx

from headgate.clock import new_id, now

NOBODY = "11111111-2222-4333-8444-555555555555"

_parameter = re.compile(r"{(?P<name>\w+)(?P<kind>:\w+)?}")

SCHEMA = {
    "title": "Login",
    "type": "object",
    "properties": {"user": {"type": "string"}, "password": {"type": "string"}},
    "secret_fields": ["password"],
}
TRIGGER = {"type": "event", "posture": "Reactive", "expect": ["a.b"]}


def inhabit(api: httpx.Client) -> dict[str, str]:
    """Make one of everything; what stands in a path, by what stands before it."""
    mark = new_id().hex[-8:]
    return {**_runs(api, mark), **_workers(api, mark), **_others(api, mark)}


def filled(template: str, inhabitants: dict[str, str]) -> str:
    """The path of an operation, its parameters being those of *inhabitants* where there are."""

    def value(found: "re.Match[str]") -> str:
        other = NOBODY if found["kind"] == ":uuid" else "x"
        return inhabitants.get(template[: found.start()], other)

    return _parameter.sub(value, template)


def _made(api: httpx.Client, path: str, body: object, method: str = "POST") -> Any:
    answer = api.request(method, path, json=body)
    assert answer.is_success, (path, answer.status_code, answer.text)
    return answer.json() if answer.content else None


def _runs(api: httpx.Client, mark: str) -> dict[str, str]:
    """A flow, a run of it that waits for input, and a task run."""
    flow = _made(api, "/flows/", {"name": f"flow-{mark}", "tags": ["a"]})
    schedules = [{"schedule": {"cron": "0 3 1 1 *"}, "active": False}]
    deployment = _made(
        api, "/deployments/", {"name": "nightly", "flow_id": flow["id"], "schedules": schedules}
    )
    run = _made(
        api,
        "/flow_runs/",
        {"flow_id": flow["id"], "deployment_id": deployment["id"], "state": {"type": "PENDING"}},
    )
    task = _made(
        api,
        "/task_runs/",
        {
            "flow_run_id": run["id"],
            "task_key": "t",
            "dynamic_key": "0",
            "state": {"type": "PENDING"},
        },
    )
    _made(api, f"/flow_runs/{run['id']}/input", {"key": "answer", "value": "42"})
    line = {"name": "n", "level": 20, "message": "m", "timestamp": now().isoformat()}
    _made(api, "/logs/", [{**line, "flow_run_id": run["id"], "task_run_id": task["id"]}])
    return {
        "/flows/": flow["id"],
        "/flows/name/": flow["name"],
        "/flow_runs/": run["id"],
        "/flow_runs/{id:uuid}/input/": "answer",
        "/flow_run_states/": run["state_id"],
        "/task_runs/": task["id"],
        "/task_run_states/": task["state_id"],
        "/deployments/": deployment["id"],
        "/deployments/name/": flow["name"],
        "/deployments/name/{flow_name}/": "nightly",
        "/deployments/{id:uuid}/schedules/": deployment["schedules"][0]["id"],
    }


def _workers(api: httpx.Client, mark: str) -> dict[str, str]:
    """A pool with a queue, a worker and an agent, and what limits it."""
    pool, tag = f"pool-{mark}", f"tag-{mark}"
    _made(api, "/work_pools/", {"name": pool, "type": "process"})
    queue = _made(api, f"/work_pools/{pool}/queues", {"name": "urgent"})
    _made(api, f"/work_pools/{pool}/workers/heartbeat", {"name": "w"})
    agent = str(new_id())
    _made(api, f"/work_queues/{queue['id']}/get_runs", {"agent_id": agent})
    limit = _made(api, "/v2/concurrency_limits/", {"name": f"db-{mark}", "limit": 2})
    of_tag = _made(api, "/concurrency_limits/", {"tag": tag, "concurrency_limit": 2})
    lease = _made(
        api,
        "/v2/concurrency_limits/increment-with-lease",
        {"names": [limit["name"]], "slots": 1, "lease_duration": 3600},
    )
    return {
        "/work_pools/": pool,
        "/work_pools/{work_pool_name}/queues/": "urgent",
        "/work_pools/{work_pool_name}/workers/": "w",
        "/work_queues/": queue["id"],
        "/agents/": agent,
        "/work_queues/name/": "urgent",
        "/v2/concurrency_limits/": limit["name"],
        "/v2/concurrency_limits/leases/": lease["lease_id"],
        "/concurrency_limits/": of_tag["id"],
        "/concurrency_limits/tag/": tag,
    }


def _others(api: httpx.Client, mark: str) -> dict[str, str]:
    """A block, a notification policy, a variable, an artifact, an automation and the like."""
    type_of_block = _made(api, "/block_types/", {"name": f"type-{mark}", "slug": f"type-{mark}"})
    schema = _made(
        api,
        "/block_schemas/",
        {
            "fields": {**SCHEMA, "block_type_slug": type_of_block["slug"]},
            "block_type_id": type_of_block["id"],
            "capabilities": ["write-path"],
        },
    )
    document = _made(
        api,
        "/block_documents/",
        {
            "name": f"block-{mark}",
            "data": {"user": "u", "password": "p"},
            "block_schema_id": schema["id"],
            "block_type_id": type_of_block["id"],
        },
    )
    variable = _made(api, "/variables/", {"name": f"variable-{mark}", "value": [1, {"a": None}]})
    artifact = _made(api, "/artifacts/", {"key": f"artifact-{mark}", "type": "t", "data": "d"})
    automation = _made(
        api,
        "/automations/",
        {"name": f"automation-{mark}", "trigger": TRIGGER, "actions": [{"type": "do-nothing"}]},
    )
    _made(api, f"/admin/configuration/key-{mark}", {"value": {"a": [1]}}, "PUT")
    search = _made(api, "/saved_searches/", {"name": f"search-{mark}", "filters": []}, "PUT")
    policy = _made(
        api,
        "/flow_run_notification_policies/",
        {"state_names": ["Failed"], "tags": [], "block_document_id": document["id"]},
    )
    return {
        "/block_types/": type_of_block["id"],
        "/block_types/slug/": type_of_block["slug"],
        "/block_types/slug/{slug}/block_documents/name/": document["name"],
        "/block_schemas/": schema["id"],
        "/block_schemas/checksum/": schema["checksum"],
        "/block_documents/": document["id"],
        "/variables/": variable["id"],
        "/variables/name/": variable["name"],
        "/artifacts/": artifact["id"],
        "/automations/": automation["id"],
        "/automations/related-to/": "a.b",
        "/automations/owned-by/": "prefect.deployment.x",
        "/saved_searches/": search["id"],
        "/flow_run_notification_policies/": policy["id"],
        "/admin/configuration/": f"key-{mark}",
        "/collections/views/": "aggregate-worker-metadata",
        "/events/count-by/": "day",
    }
