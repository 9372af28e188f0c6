"""Automations are kept as clients sent them, whole and plain, and are found by what they act on."""

from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest

from headgate.clock import new_id

_numbers = count(1)

EVENT: dict[str, Any] = {"type": "event", "posture": "Reactive", "expect": ["a.b"]}
NOT_FOUND = {"exception_message": "Automation not found"}


def body_of(**fields: Any) -> dict[str, Any]:
    """An automation of a name that no other test has."""
    name = f"automation-{next(_numbers)}"
    return {"name": name, "trigger": EVENT, "actions": [{"type": "do-nothing"}], **fields}


def made(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = api.post("/automations/", json=body_of(**fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["exception_detail"]
    return problem


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()]


def test_an_automation_comes_back_with_every_field(api: httpx.Client) -> None:
    automation = made(api)

    assert automation["trigger"].pop("id")
    assert automation["trigger"] == {
        "type": "event", "match": {}, "match_related": {}, "after": [], "expect": ["a.b"],
        "for_each": [], "posture": "Reactive", "threshold": 1, "within": 0.0,
    }  # fmt: skip
    assert automation["actions"] == [{"type": "do-nothing"}]
    assert (automation["description"], automation["enabled"]) == ("", True)
    assert automation["tags"] == automation["actions_on_trigger"] == []
    again = api.get(f"/automations/{automation['id']}").json()
    del again["trigger"]["id"]
    assert again == automation


@pytest.mark.parametrize(
    ("trigger", "shown"),
    [
        ({"posture": "Reactive"}, {"type": "event", "within": 0.0}),
        ({"posture": "Proactive"}, {"within": 10.0}),
        ({"posture": "Proactive", "within": 0}, {"within": 10.0}),
        ({"posture": "Reactive", "within": "PT1M"}, {"within": 60.0}),
        ({"posture": "Reactive", "expect": ["x", "y", "x"]}, {"expect": ["x", "y"]}),
        ({"posture": "Reactive", "size": 1}, {"threshold": 1}),
        (
            {"posture": "Reactive", "match_related": [{"a": ["b", "c"]}]},
            {"match_related": [{"a": ["b", "c"]}]},
        ),
        ({"posture": "Reactive", "match_related": {"a": "b"}}, {"match_related": {"a": "b"}}),
        (
            {"type": "compound", "require": "any", "within": None, "triggers": []},
            {"require": "any", "within": None, "triggers": []},
        ),
        (
            {"type": "sequence", "within": 10, "triggers": []},
            {"type": "sequence", "within": 10.0, "triggers": []},
        ),
        (
            {
                "type": "metric",
                "posture": "Metric",
                "metric": {"name": "lateness", "threshold": 1, "operator": "<"},
            },
            {"posture": "Metric", "match": {}},
        ),
    ],
)
def test_what_a_trigger_leaves_out_is_filled_in(
    api: httpx.Client, trigger: dict[str, Any], shown: dict[str, Any]
) -> None:
    assert made(api, trigger=trigger)["trigger"].items() >= shown.items()


def test_each_trigger_within_another_has_an_id_of_its_own(api: httpx.Client) -> None:
    mine = {**EVENT, "id": str(new_id())}
    inner = {"type": "compound", "require": 1, "within": None, "triggers": [mine]}
    outer = made(api, trigger={"type": "sequence", "within": 1, "triggers": [mine, inner]})
    trigger = outer["trigger"]
    first, second = trigger["triggers"]

    ids = {each["id"] for each in (trigger, first, second, second["triggers"][0])}
    assert len(ids) == 4
    assert mine["id"] not in ids
    assert all(UUID(id) for id in ids)


@pytest.mark.parametrize(
    ("trigger", "place", "message"),
    [
        ({}, ["posture"], "Field required"),
        (1, [], "valid dictionary"),
        ({"type": "nope"}, ["type"], "nope"),
        ({"posture": "reactive"}, ["posture"], "reactive"),
        (
            {"posture": "Proactive", "within": 5},
            [],
            "must be greater than or equal to 10 seconds",
        ),
        ({"posture": "Reactive", "within": -1}, ["within"], ">= 0"),
        ({"posture": "Reactive", "within": "soon"}, ["within"], "valid number"),
        ({"posture": "Reactive", "within": None}, ["within"], "valid number"),
        ({"posture": "Reactive", "threshold": 2.5}, ["threshold"], "valid integer"),
        ({"posture": "Reactive", "expect": [1]}, ["expect", 0], "valid string"),
        ({"posture": "Reactive", "match": "x"}, ["match"], "valid dictionary"),
        ({"type": "sequence", "within": 1}, ["triggers"], "Field required"),
        ({"type": "sequence", "triggers": []}, ["within"], "Field required"),
        (
            {"type": "compound", "require": 0, "within": 1, "triggers": []},
            [],
            "require must be at least 1",
        ),
        (
            {"type": "compound", "require": 1, "within": 1, "triggers": []},
            [],
            "less than or equal to the number of triggers",
        ),
        (
            {"type": "compound", "require": 1, "within": 1, "triggers": [{"type": "event"}]},
            ["triggers", 0, "posture"],
            "Field required",
        ),
    ],
)
def test_what_is_wrong_with_a_trigger_is_named(
    api: httpx.Client, trigger: Any, place: list[str | int], message: str
) -> None:
    problem = problem_of(api.post("/automations/", json=body_of(trigger=trigger)))

    assert problem["loc"] == ["body", "trigger", *place]
    assert message in problem["msg"]


ID = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    ("action", "shown"),
    [
        ({}, {"type": "do-nothing"}),
        (
            {"type": "run-deployment", "deployment_id": ID, "schedule_after": "PT1H"},
            {
                "type": "run-deployment",
                "source": "selected",
                "deployment_id": ID,
                "parameters": None,
                "job_variables": None,
                "schedule_after": 3600.0,
            },
        ),
        (
            {"type": "pause-deployment", "source": "inferred"},
            {"type": "pause-deployment", "source": "inferred", "deployment_id": None},
        ),
        (
            {"type": "resume-work-queue", "work_queue_id": ID},
            {"type": "resume-work-queue", "source": "selected", "work_queue_id": ID},
        ),
        (
            {"type": "change-flow-run-state", "state": "FAILED"},
            {
                "type": "change-flow-run-state",
                "name": None,
                "state": "FAILED",
                "message": None,
                "force": False,
            },
        ),
        (
            {"type": "send-notification", "block_document_id": ID, "body": "{{ flow_run.name }}"},
            {
                "type": "send-notification",
                "block_document_id": ID,
                "subject": "Prefect automated notification",
                "body": "{{ flow_run.name }}",
            },
        ),
        (
            {"type": "call-webhook", "block_document_id": ID, "payload": {"a": 1}},
            {"type": "call-webhook", "block_document_id": ID, "payload": '{\n  "a": 1\n}'},
        ),
        ({"type": "resume-flow-run", "size": 1}, {"type": "resume-flow-run"}),
    ],
)
def test_what_an_action_leaves_out_is_filled_in(
    api: httpx.Client, action: dict[str, Any], shown: dict[str, Any]
) -> None:
    assert made(api, actions=[action])["actions"] == [shown]


NO_TEMPLATE = "unexpected end of template"


@pytest.mark.parametrize(
    ("action", "place", "message"),
    [
        (1, [], "valid dictionary"),
        ({"type": "nope"}, ["type"], "nope"),
        ({"type": "run-deployment"}, [], "deployment_id is required"),
        (
            {"type": "run-deployment", "source": "inferred", "deployment_id": ID},
            [],
            "deployment_id is not allowed",
        ),
        ({"type": "pause-work-pool"}, [], "work_pool_id is required"),
        ({"type": "pause-automation"}, [], "automation_id is required"),
        ({"type": "pause-work-queue", "work_queue_id": "x"}, ["work_queue_id"], "valid UUID"),
        (
            {"type": "run-deployment", "deployment_id": ID, "schedule_after": -1},
            ["schedule_after"],
            ">= 0",
        ),
        (
            {"type": "run-deployment", "deployment_id": ID, "parameters": {"a": ["{{ b"]}},
            ["parameters"],
            "a: Invalid jinja",
        ),
        (
            {"type": "run-deployment", "deployment_id": ID, "parameters": {"c": {"d": "{{ b"}}},
            ["parameters"],
            "c: Invalid jinja",
        ),
        ({"type": "change-flow-run-state", "state": "x"}, ["state"], "x"),
        ({"type": "send-notification", "block_document_id": ID}, ["body"], "Field required"),
        (
            {"type": "send-notification", "block_document_id": ID, "body": "{{ b"},
            ["body"],
            NO_TEMPLATE,
        ),
        (
            {"type": "send-notification", "block_document_id": ID, "body": "", "subject": "{{ b"},
            ["subject"],
            NO_TEMPLATE,
        ),
        (
            {"type": "call-webhook", "block_document_id": ID, "payload": "{{ b"},
            ["payload"],
            NO_TEMPLATE,
        ),
    ],
)
def test_what_is_wrong_with_an_action_is_named(
    api: httpx.Client, action: Any, place: list[str | int], message: str
) -> None:
    problem = problem_of(api.post("/automations/", json=body_of(actions_on_trigger=[action])))

    assert problem["loc"] == ["body", "actions_on_trigger", 0, *place]
    assert message in problem["msg"]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": None}, "name", "valid string"),
        ({"description": None}, "description", "valid string"),
        ({"tags": None}, "tags", "valid list"),
        ({"actions": None}, "actions", "valid list"),
        ({"size": 1}, "size", "not permitted"),
    ],
)
def test_what_is_wrong_with_an_automation_is_named(
    api: httpx.Client, fields: dict[str, Any], field: str, message: str
) -> None:
    problem = problem_of(api.post("/automations/", json=body_of(**fields)))

    assert problem["loc"] == ["body", field]
    assert message in problem["msg"]


def test_actions_that_say_enough_are_taken(api: httpx.Client) -> None:
    parameters = {"a": "{{ flow.name }}", "b": [1, None], "c": {"d": "e"}}
    action = {"type": "run-deployment", "deployment_id": ID, "parameters": parameters}

    assert made(api, actions=[action])["actions"][0]["parameters"] == parameters


def test_an_automation_is_replaced_and_stays_its_owner_s(api: httpx.Client) -> None:
    owner = f"prefect.deployment.{new_id()}"
    automation = made(api, tags=["x"], owner_resource=owner, description="d")
    path = f"/automations/{automation['id']}"
    whole = body_of(actions=[])
    assert api.put(path, json=whole).status_code == 204

    replaced = api.get(path).json()
    assert (replaced["name"], replaced["actions"]) == (whole["name"], [])
    assert (replaced["tags"], replaced["description"]) == ([], "")
    assert replaced["created"] == automation["created"]
    assert names(api.get(f"/automations/related-to/{owner}")) == [whole["name"]]
    problem = problem_of(api.put(path, json={**whole, "owner_resource": owner}))
    assert problem["loc"] == ["body", "owner_resource"]
    del whole["actions"]
    assert problem_of(api.put(path, json=whole))["loc"] == ["body", "actions"]


def test_an_automation_is_switched_off_and_on(api: httpx.Client) -> None:
    path = f"/automations/{made(api)['id']}"

    assert api.patch(path, json={"enabled": False}).status_code == 204
    assert api.get(path).json()["enabled"] is False
    assert api.patch(path, json={}).status_code == 204
    assert api.get(path).json()["enabled"] is True
    assert problem_of(api.patch(path, json={"enabled": None}))["loc"] == ["body", "enabled"]
    assert problem_of(api.patch(path, json={"name": "x"}))["loc"] == ["body", "name"]


def test_automations_are_listed_and_counted(api: httpx.Client) -> None:
    tag = f"tag-{next(_numbers)}"
    first, second = made(api, tags=[tag, "a"]), made(api, tags=[tag])
    both = [first["name"], second["name"]]

    def listed(sort: str | None = None, **demands: Any) -> list[str]:
        body = {"automations": demands, "sort": sort, "limit": None}
        counted = api.post("/automations/count", json={"automations": demands}).json()
        found = names(api.post("/automations/filter", json=body))
        assert counted == len(found)
        return found

    mine: dict[str, Any] = {"tags": {"all_": [tag]}}
    assert sorted(listed(**mine)) == sorted(both)
    assert listed("CREATED_DESC", **mine) == both[::-1]
    assert listed(name={"any_": both[:1]}) == both[:1]
    assert listed(id={"any_": [second["id"]]}) == both[1:]
    assert listed(**mine, created={"before_": "2020-01-01T00:00:00Z"}) == []
    refused = api.post("/automations/filter", json={"automations": {"name": {"like_": "a"}}})
    assert problem_of(refused)["loc"] == ["body", "automations", "name", "like_"]
    assert api.post("/automations/filter", json={"limit": 201}).status_code == 422
    assert api.post("/automations/count").json() >= 2


def test_automations_are_related_to_whose_they_are_and_to_what_they_act_on(
    api: httpx.Client,
) -> None:
    deployment_id = str(new_id())
    resource = f"prefect.deployment.{deployment_id}"
    runs = {"type": "run-deployment", "deployment_id": deployment_id}
    owned = made(api, owner_resource=resource, actions=[runs])
    acting = made(api, actions_on_resolve=[runs])

    related = names(api.get(f"/automations/related-to/{resource}"))
    assert sorted(related) == sorted([owned["name"], acting["name"]])
    for _ in range(2):
        assert api.delete(f"/automations/owned-by/{resource}").status_code == 202
        assert names(api.get(f"/automations/related-to/{resource}")) == [acting["name"]]
    assert api.get(f"/automations/{owned['id']}").status_code == 404
    assert names(api.get("/automations/related-to/nothing")) == []


def test_an_automation_that_is_not_there_is_not_found(api: httpx.Client) -> None:
    gone = f"/automations/{made(api)['id']}"
    assert api.delete(gone).status_code == 204
    for answer in (
        api.get(gone),
        api.put(gone, json=body_of()),
        api.patch(gone, json={"enabled": True}),
        api.delete(gone),
    ):
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("path", ["/automations/templates/validate", "/templates/validate"])
def test_a_template_is_checked_before_it_is_needed(api: httpx.Client, path: str) -> None:
    assert api.post(path, json="{{ flow_run.name }}").status_code == 204
    refused = api.post(path, json="a\n{% zork %}")

    assert refused.status_code == 422
    assert refused.json() == {
        "error": {
            "line": 2,
            "message": "Encountered unknown tag 'zork'.",
            "source": "a\n{% zork %}",
        }
    }
    assert problem_of(api.post(path, json=1))["loc"] == ["body"]
    too_deep = "{{ " + "(" * 2_000 + ")" * 2_000 + " }}"
    assert "error" in api.post(path, json=too_deep).json()
