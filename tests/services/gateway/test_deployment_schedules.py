"""Schedules of a deployment are added, changed, replaced and removed, each slug once."""

from typing import Any

import httpx
import pytest

from tests.services.gateway.test_deployments import CONFLICT

CRON = {"cron": "0 3 * * *"}


@pytest.fixture
def path(api: httpx.Client, flow_id: str) -> str:
    """The path of a deployment with two schedules."""
    schedules = [{"schedule": CRON, "slug": "a"}, {"schedule": {"interval": 60}, "slug": "b"}]
    body = {"name": "nightly", "flow_id": flow_id, "schedules": schedules}
    return f"/deployments/{api.post('/deployments/', json=body).json()['id']}"


def slugs(api: httpx.Client, path: str) -> list[str]:
    return [each["slug"] for each in api.get(f"{path}/schedules").json()]


def id_of(api: httpx.Client, path: str, slug: str) -> str:
    (found,) = [each for each in api.get(f"{path}/schedules").json() if each["slug"] == slug]
    return found["id"]


def test_schedules_are_added_the_newest_first(api: httpx.Client, path: str) -> None:
    body = [{"schedule": {"rrule": "FREQ=DAILY"}, "slug": "c", "max_scheduled_runs": 2}]
    added = api.post(f"{path}/schedules", json=body)

    assert added.status_code == 201
    assert added.json()[0]["schedule"] == {"rrule": "FREQ=DAILY", "timezone": "UTC"}
    assert slugs(api, path) == ["c", "b", "a"]


def test_a_schedule_takes_the_place_of_another(api: httpx.Client, path: str) -> None:
    body = [{"schedule": CRON, "slug": "c", "replaces": "a"}]
    assert api.post(f"{path}/schedules", json=body).status_code == 201
    assert slugs(api, path) == ["c", "b"]


def test_a_slug_is_given_once(api: httpx.Client, path: str) -> None:
    again = api.post(f"{path}/schedules", json=[{"schedule": CRON, "slug": "a"}])
    assert (again.status_code, again.json()) == (409, {"detail": CONFLICT})
    renamed = api.patch(f"{path}/schedules/{id_of(api, path, 'b')}", json={"slug": "a"})
    assert renamed.status_code == 409
    assert slugs(api, path) == ["b", "a"]


def test_a_schedule_is_changed_where_something_is_given(api: httpx.Client, path: str) -> None:
    change = {"active": False, "schedule": {"cron": "1 * * * *"}, "parameters": {"x": 1}}
    assert api.patch(f"{path}/schedules/{id_of(api, path, 'a')}", json=change).status_code == 204

    first = api.get(f"{path}/schedules").json()[0]
    assert (first["slug"], first["active"], first["parameters"]) == ("a", False, {"x": 1})
    assert first["schedule"]["cron"] == "1 * * * *"
    nothing = api.patch(f"{path}/schedules/{first['id']}", json={"active": None})
    assert nothing.status_code == 204
    assert api.get(f"{path}/schedules").json()[0]["active"] is False


@pytest.mark.parametrize(
    "times",
    [
        {"cron": "bad"},
        {"cron": "R R * * *"},
        {"interval": 0},
        {"rrule": "bad"},
        {"rrule": "FREQ=WEEKLY;INTERVAL=0"},
        {"cron": "* * * * *", "timezone": "Mars"},
    ],
)
def test_a_schedule_can_be_read(api: httpx.Client, path: str, times: dict[str, Any]) -> None:
    answer = api.post(f"{path}/schedules", json=[{"schedule": times}])
    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["body", 0, "schedule"]


def test_a_schedule_is_removed(api: httpx.Client, path: str) -> None:
    assert api.delete(f"{path}/schedules/{id_of(api, path, 'a')}").status_code == 204
    assert slugs(api, path) == ["b"]


def test_what_is_not_there_is_not_found(api: httpx.Client, path: str, unknown: str) -> None:
    nowhere = f"/deployments/{unknown}/schedules"
    asked: list[tuple[str, str, Any]] = [
        ("GET", nowhere, None),
        ("POST", nowhere, [{"schedule": CRON}]),
        ("PATCH", f"{nowhere}/{unknown}", {"active": True}),
        ("DELETE", f"{nowhere}/{unknown}", None),
        ("PATCH", f"{path}/schedules/{unknown}", {"active": True}),
        ("DELETE", f"{path}/schedules/{unknown}", None),
    ]
    for method, where, body in asked:
        answer = api.request(method, where, json=body)
        word = "Deployment" if where.startswith(nowhere) else "Schedule"
        assert (answer.status_code, answer.json()) == (404, {"detail": f"{word} not found."})


def test_a_changed_deployment_has_the_schedules_that_come_with_it(
    api: httpx.Client, path: str
) -> None:
    def patch(*schedules: dict[str, Any]) -> httpx.Response:
        return api.patch(path, json={"schedules": list(schedules)})

    kept = id_of(api, path, "a")
    assert patch({"slug": "a", "active": False}, {"slug": "n", "schedule": CRON}).is_success
    assert sorted(slugs(api, path)) == ["a", "n"]
    assert id_of(api, path, "a") == kept
    assert patch().is_success
    assert sorted(slugs(api, path)) == ["a", "n"]
    unnamed = patch({"schedule": CRON})
    assert (unnamed.status_code, "provide a slug" in unnamed.json()["detail"]) == (422, True)
    timeless = patch({"slug": "m"})
    assert (timeless.status_code, "configuration" in timeless.json()["detail"]) == (422, True)


def test_schedules_without_slugs_are_replaced_as_a_whole(api: httpx.Client, path: str) -> None:
    api.post(f"{path}/schedules", json=[{"schedule": CRON}])
    body = {"schedules": [{"schedule": {"cron": "9 * * * *"}}, {"slug": "left out"}]}
    assert api.patch(path, json=body).status_code == 204
    (only,) = api.get(f"{path}/schedules").json()
    assert only["schedule"]["cron"] == "9 * * * *"
