"""Answers of a real server, by the class of the objects that they are: everything is made once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx

from headgate import clock, objects

Answers = dict[str, Any]


def posted(api: httpx.Client, path: str, body: Any) -> Any:
    """What is answered to *body*."""
    answer = api.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def got(api: httpx.Client, path: str) -> Any:
    """What is answered."""
    answer = api.get(path)
    assert answer.is_success, answer.text
    return answer.json()


def a_state(type: str, **more: Any) -> dict[str, Any]:
    """A state to be proposed, as an object gives it."""
    state: objects.State = objects.State.model_validate({"type": type, **more})
    return state.to_state_create().model_dump(mode="json")


def runs(api: httpx.Client) -> Answers:
    """Flows, flow runs, their states, what becomes of proposals, inputs and logs."""
    flow = posted(api, "/flows/", {"name": "read", "tags": ["t"], "labels": {"a": 1}})
    policy = objects.FlowRunPolicy(retries=1, retry_delay=60).model_dump(mode="json")
    asked = {
        "flow_id": flow["id"],
        "empirical_policy": policy,
        "parameters": {"x": [1]},
        "tags": ["t"],
        "state": a_state("PENDING"),
        "idempotency_key": "k",
    }
    run = posted(api, "/flow_runs/", asked)
    at = f"/flow_runs/{run['id']}"
    aborted = posted(api, f"{at}/set_state", {"state": a_state("PENDING")})
    accepted = posted(api, f"{at}/set_state", {"state": a_state("RUNNING")})
    rejected = posted(api, f"{at}/set_state", {"state": a_state("FAILED", message="no")})
    waited = posted(api, f"{at}/set_state", {"state": a_state("RUNNING")})
    posted(api, f"{at}/input", {"key": "k-1", "value": '{"a": 1}', "sender": "s"})
    line: dict[str, Any] = {"name": "n", "level": 20, "message": "m", "flow_run_id": run["id"]}
    posted(api, "/logs/", [line | {"timestamp": str(clock.now())}])
    of_run = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    history = {
        "history_start": str(clock.now() - timedelta(hours=1)),
        "history_end": str(clock.now() + timedelta(hours=1)),
        "history_interval_seconds": 7_200,
    }
    buckets = posted(api, "/flow_runs/history", of_run | history)
    bucket = next(each for each in buckets if each["states"])
    state = got(api, f"/flow_run_states/{rejected['state']['id']}")
    logs = {"logs": {"flow_run_id": {"any_": [run["id"]]}}}
    return {
        "Flow": got(api, f"/flows/{flow['id']}"),
        "FlowRun": got(api, at),
        "FlowRunResponse": posted(api, "/flow_runs/filter", of_run)[0],
        "FlowRunPolicy": got(api, at)["empirical_policy"],
        "State": state,
        "StateBaseModel": state,
        "StateType": state["type"],
        "OrchestrationResult": accepted,
        "SetStateStatus": accepted["status"],
        "StateAcceptDetails": accepted["details"],
        "StateRejectDetails": rejected["details"],
        "StateAbortDetails": aborted["details"],
        "StateWaitDetails": waited["details"],
        "FlowRunInput": posted(api, f"{at}/input/filter", {"prefix": "k"})[0],
        "HistoryResponse": bucket,
        "HistoryResponseState": bucket["states"][0],
        "Log": posted(api, "/logs/filter", logs)[0],
    }


def task_runs(api: httpx.Client) -> Answers:
    """A task run with every kind of input, and how many there are by state."""
    flow = posted(api, "/flows/", {"name": "read tasks"})
    flow_run = posted(api, "/flow_runs/", {"flow_id": flow["id"]})
    given: list[objects.TaskRunInput] = [
        objects.TaskRunResult(id=clock.new_id()),
        objects.Parameter(name="p"),
        objects.Constant(type="int"),
    ]
    policy = objects.TaskRunPolicy(retries=2, retry_delay=[1, 2.5], retry_jitter_factor=0.5)
    body = {
        "task_key": "k",
        "dynamic_key": "0",
        "flow_run_id": flow_run["id"],
        "task_inputs": {"x": [each.model_dump(mode="json") for each in given]},
        "empirical_policy": policy.model_dump(mode="json"),
        "state": a_state("PENDING"),
    }
    run = got(api, f"/task_runs/{posted(api, '/task_runs/', body)['id']}")
    result, parameter, constant = run["task_inputs"]["x"]
    of_run = {"flow_runs": {"id": {"any_": [flow_run["id"]]}}}
    return {
        "TaskRun": run,
        "TaskRunPolicy": run["empirical_policy"],
        "TaskRunInput": {"input_type": result["input_type"]},
        "TaskRunResult": result,
        "Parameter": parameter,
        "Constant": constant,
        "CountByState": posted(api, "/ui/task_runs/count", of_run),
    }


def work_pools(api: httpx.Client) -> Answers:
    """A pool, a queue with a filter and its health, a worker and an agent."""
    pool = posted(api, "/work_pools/", {"name": "read", "type": "process", "description": "d"})
    deployment_filter = objects.QueueFilter(tags=["t"], deployment_ids=[clock.new_id()])
    queue = posted(
        api,
        "/work_pools/read/queues",
        {
            "name": "urgent",
            "priority": 1,
            "concurrency_limit": 3,
            "filter": deployment_filter.model_dump(mode="json"),
        },
    )
    heartbeat = {"name": "w", "heartbeat_interval_seconds": 30}
    posted(api, "/work_pools/read/workers/heartbeat", heartbeat)
    (worker,) = posted(api, "/work_pools/read/workers/filter", {})
    agent = objects.Agent(work_queue_id=queue["id"])
    posted(api, f"/work_queues/{queue['id']}/get_runs", {"agent_id": str(agent.id)})
    health = got(api, f"/work_queues/{queue['id']}/status")
    pool = got(api, "/work_pools/read")
    return {
        "Agent": got(api, f"/agents/{agent.id}"),
        "WorkPool": pool,
        "WorkPoolStatus": pool["status"],
        "WorkQueue": queue,
        "WorkQueueStatus": queue["status"],
        "QueueFilter": queue["filter"],
        "WorkQueueStatusDetail": health,
        "WorkQueueHealthPolicy": health["health_check_policy"],
        "Worker": worker,
        "WorkerStatus": worker["status"],
    }


def deployments(api: httpx.Client) -> Answers:
    """A deployment with schedules and a limit."""
    flow = posted(api, "/flows/", {"name": "read deployments"})
    most = objects.ConcurrencyLimitConfig(
        limit=2, collision_strategy=objects.ConcurrencyLimitStrategy.CANCEL_NEW
    )
    options = objects.ConcurrencyOptions(collision_strategy=most.collision_strategy)
    schedules: list[dict[str, Any]] = [
        {"schedule": {"cron": "0 0 * * *", "timezone": "Europe/Berlin"}, "active": False},
        {"schedule": {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"}, "active": False},
        {"schedule": {"rrule": "FREQ=DAILY"}, "active": False, "slug": "daily"},
    ]
    body: dict[str, Any] = {
        "name": "d",
        "flow_id": flow["id"],
        "version": "1",
        "tags": ["t"],
        "schedules": schedules,
        "concurrency_limit": most.limit,
        "concurrency_options": options.model_dump(mode="json"),
        "pull_steps": [{"step": {}}],
        "parameter_openapi_schema": {"type": "object", "properties": {}},
        "work_pool_name": None,
    }
    deployment = got(api, f"/deployments/{posted(api, '/deployments/', body)['id']}")
    kept = deployment["concurrency_options"]
    return {
        "Deployment": deployment,
        "DeploymentStatus": deployment["status"],
        "DeploymentSchedule": deployment["schedules"][0],
        "ConcurrencyOptions": kept,
        "ConcurrencyLimitStrategy": kept["collision_strategy"],
        "ConcurrencyLimitConfig": {
            "limit": deployment["global_concurrency_limit"]["limit"],
            "collision_strategy": kept["collision_strategy"],
            "grace_period_seconds": kept["grace_period_seconds"],
        },
    }


def blocks(api: httpx.Client) -> Answers:
    """A block that refers to another one, and who is told through it."""
    slug = f"read-{clock.new_id()}"
    type = posted(
        api, "/block_types/", {"name": slug, "slug": slug, "logo_url": "https://example.com/a.png"}
    )

    def schema(**fields: Any) -> Any:
        body = {"fields": fields | {"block_type_slug": slug}, "block_type_id": type["id"]}
        return posted(api, "/block_schemas/", body | {"capabilities": [slug]})

    inner, outer = schema(title="inner"), schema(title="outer", secret_fields=["password"])

    def document(name: str, of: Any, **data: Any) -> Any:
        body = {"name": name, "data": data, "block_schema_id": of["id"]}
        return posted(api, "/block_documents/", body | {"block_type_id": type["id"]})

    other = document("other", inner, a=1)
    refers = {"$ref": {"block_document_id": other["id"]}}
    made = document("one", outer, user="u", password="p", inner=refers)
    one = got(api, f"/block_documents/{made['id']}")
    policy = posted(
        api,
        "/flow_run_notification_policies/",
        {
            "state_names": ["Failed"],
            "tags": ["t"],
            "block_document_id": one["id"],
            "message_template": "{flow_run_name}",
        },
    )
    return {
        "FlowRunNotificationPolicy": got(api, f"/flow_run_notification_policies/{policy['id']}"),
        "BlockType": got(api, f"/block_types/{type['id']}"),
        "BlockSchema": got(api, f"/block_schemas/{outer['id']}"),
        "BlockDocument": one,
        "BlockDocumentReference": {
            "parent_block_document_id": one["id"],
            "parent_block_document": one,
            "reference_block_document_id": other["id"],
            "reference_block_document": other,
            "name": next(iter(one["block_document_references"])),
        },
        "BlockSchemaReference": {
            "parent_block_schema_id": outer["id"],
            "parent_block_schema": outer,
            "reference_block_schema_id": inner["id"],
            "reference_block_schema": inner,
            "name": "inner",
        },
    }


def limits(api: httpx.Client) -> Answers:
    """A limit on a tag and one by name."""
    tag = posted(api, "/concurrency_limits/", {"tag": "read", "concurrency_limit": 2})
    named = posted(
        api, "/v2/concurrency_limits/", {"name": "read", "limit": 2, "slot_decay_per_second": 0.5}
    )
    return {
        "ConcurrencyLimit": got(api, f"/concurrency_limits/{tag['id']}"),
        "GlobalConcurrencyLimit": named,
        "GlobalConcurrencyLimitResponse": got(api, f"/v2/concurrency_limits/{named['id']}"),
    }


def searches(api: httpx.Client) -> Answers:
    """A saved search."""
    each = objects.SavedSearchFilter(
        object="flow", property="name", type="string", operation="equals", value="a"
    )
    body = {"name": "read", "filters": [each.model_dump(mode="json")]}
    api.put("/saved_searches/", json=body).raise_for_status()
    (search,) = posted(api, "/saved_searches/filter", {})
    return {"SavedSearch": search, "SavedSearchFilter": search["filters"][0]}


def access(api: httpx.Client) -> Answers:
    """The IP allow list, whether it lets us in, the workspace, and what is kept under a key."""
    entry = {"ip_network": "10.0.0.0/8", "enabled": False, "description": "d"}
    api.put("/ip_allowlist", json={"entries": [entry]}).raise_for_status()
    found = got(api, "/ip_allowlist")
    api.put("/admin/configuration/read", json={"value": {"a": 1}}).raise_for_status()
    return {
        "Configuration": got(api, "/admin/configuration/read"),
        "Workspace": got(api, "/me/workspaces")[0],
        "IPAllowlist": found,
        "IPAllowlistEntry": found["entries"][0],
        "IPAllowlistMyAccessResponse": got(api, "/ip_allowlist/my_access"),
    }


MAKING: tuple[Callable[[httpx.Client], Answers], ...] = (
    runs, task_runs, work_pools, deployments, blocks, limits, searches, access,
)  # fmt: skip


def answers(api: httpx.Client) -> Answers:
    """An answer of the server for each class."""
    return {name: answer for make in MAKING for name, answer in make(api).items()}
