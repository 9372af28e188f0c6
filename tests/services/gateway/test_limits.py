"""Concurrency limits and their slots over HTTP, in the words of the newer and the older API."""

from typing import Any

import httpx
import pytest

from headgate.clock import new_id

V2 = "/v2/concurrency_limits"
V1 = "/concurrency_limits"


@pytest.fixture
def name(api: httpx.Client) -> str:
    """The name of a limit of two."""
    name = f"db-{new_id()}"
    assert api.post(f"{V2}/", json={"name": name, "limit": 2}).status_code == 201
    return name


def slots(api: httpx.Client, name: str) -> int:
    return api.get(f"{V2}/{name}").json()["active_slots"]


def increment(api: httpx.Client, *names: str, lease: bool = False, **fields: Any) -> httpx.Response:
    path = "increment-with-lease" if lease else "increment"
    return api.post(f"{V2}/{path}", json={"names": list(names), "slots": 1, **fields})


def detail(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


def place(answer: httpx.Response) -> list[str | int]:
    """Where in what was sent the one problem is."""
    (problem,) = answer.json()["exception_detail"]
    return problem["loc"]


def test_a_limit_is_made_once_and_read_by_id_and_name(api: httpx.Client) -> None:
    name = f"db-{new_id()}"
    given = {"name": name, "limit": 3, "slot_decay_per_second": 0.5, "active_slots": 1}
    made = api.post(f"{V2}/", json=given).json()
    assert made.items() >= given.items()
    assert (made["denied_slots"], made["avg_slot_occupancy_seconds"]) == (0, 2.0)
    read = api.get(f"{V2}/{made['id']}").json()
    assert read == api.get(f"{V2}/{name}").json()
    assert "denied_slots" not in read
    assert api.post(f"{V2}/", json=given).status_code == 409


def test_a_limit_that_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    for path in (f"{V2}/{unknown}", f"{V2}/nobody"):
        for answer in (api.get(path), api.patch(path, json={"limit": 1}), api.delete(path)):
            assert detail(answer) == (404, "Concurrency Limit not found")


@pytest.mark.parametrize(
    "given",
    [
        {"name": "a/b", "limit": 1},
        {"name": "", "limit": 1},
        {"name": "a", "limit": -1},
        {"name": "a"},
    ],
)
def test_a_limit_that_cannot_be_is_refused(api: httpx.Client, given: dict[str, Any]) -> None:
    assert api.post(f"{V2}/", json=given).status_code == 422


def test_a_limit_is_changed_listed_and_deleted(api: httpx.Client, name: str) -> None:
    assert api.patch(f"{V2}/{name}", json={"limit": 7, "active": False}).status_code == 204
    changed = api.get(f"{V2}/{name}").json()
    assert (changed["limit"], changed["active"]) == (7, False)
    assert changed in api.post(f"{V2}/filter", json={"limit": None, "offset": None}).json()
    assert api.post(f"{V2}/filter", json={"limit": 0}).json() == []
    assert api.patch(f"{V2}/{name}", json={"name": None}).status_code == 409
    assert api.delete(f"{V2}/{name}").status_code == 204
    assert name not in {each["name"] for each in api.post(f"{V2}/filter").json()}


def test_a_limit_is_not_renamed_to_another(api: httpx.Client, name: str) -> None:
    other = f"other-{new_id()}"
    api.post(f"{V2}/", json={"name": other, "limit": 1})
    assert api.patch(f"{V2}/{other}", json={"name": name}).status_code == 409


def test_slots_are_taken_until_there_are_none(api: httpx.Client, name: str) -> None:
    """Edge case 46: what was denied is not counted."""
    limit = api.get(f"{V2}/{name}").json()
    taken = increment(api, name, f"nobody-{name}", slots=2)
    assert taken.json() == [{"id": limit["id"], "name": name, "limit": 2}]
    full = increment(api, name)
    assert detail(full) == (423, "Locked")
    assert 0 < float(full.headers["retry-after"]) <= 1.3
    given = api.post(f"{V2}/decrement", json={"names": [name], "slots": 1, "occupancy_seconds": 9})
    assert given.json() == taken.json()
    assert slots(api, name) == 1


def test_what_can_never_be_granted_is_refused(api: httpx.Client, name: str) -> None:
    assert detail(increment(api, name, slots=3)) == (
        422,
        "Slots requested is greater than the limit",
    )
    assert detail(increment(api, name, mode="rate_limit")) == (
        422,
        (
            "Only concurrency limits with slot decay can be used for rate limiting. The following"
            f" limits do not have a decay configured: '{name}'"
        ),
    )
    wrong: tuple[dict[str, Any], ...] = ({"slots": 0}, {"names": []}, {"mode": "?"})
    for each in wrong:
        given = {"names": [name], "slots": 1, **each}
        assert api.post(f"{V2}/increment", json=given).status_code == 422


def test_names_that_no_limit_has_limit_nothing(api: httpx.Client) -> None:
    assert increment(api, "nobody").json() == []
    leased = increment(api, "nobody", lease=True).json()
    assert (leased["limits"], len(leased["lease_id"])) == ([], 36)
    given = api.post(f"{V2}/decrement", json={"names": ["nobody"], "slots": 1})
    assert given.json() == []


def test_a_lease_is_renewed_and_given_back_once(api: httpx.Client, name: str) -> None:
    """Edge case 45."""
    leased = increment(api, name, lease=True, lease_duration=60, slots=2).json()
    assert [each["name"] for each in leased["limits"]] == [name]
    renew = f"{V2}/leases/{leased['lease_id']}/renew"
    for body in (None, {}, {"lease_duration": 60}):
        assert api.post(renew, json=body).status_code == 204
    assert api.post(renew, json={"lease_duration": 5}).status_code == 422
    for _ in range(2):
        ended = api.post(f"{V2}/decrement-with-lease", json={"lease_id": leased["lease_id"]})
        assert ended.status_code == 204
        assert slots(api, name) == 0
    gone = "Lease not found - it may have expired or been revoked"
    assert detail(api.post(renew, json={})) == (410, gone)


def test_no_lease_is_given_where_there_is_no_room(api: httpx.Client, name: str) -> None:
    held = increment(api, name, lease=True, slots=2).json()
    full = increment(api, name, lease=True)
    assert detail(full) == (423, "Locked")
    assert float(full.headers["retry-after"]) > 0
    assert slots(api, name) == 2
    assert detail(increment(api, name, lease=True, slots=3)) == (
        422,
        "Slots requested is greater than the limit",
    )
    api.post(f"{V2}/decrement-with-lease", json={"lease_id": held["lease_id"]})
    assert increment(api, name, lease=True).status_code == 200


def test_what_is_wrong_with_a_lease_is_named(api: httpx.Client, name: str) -> None:
    short = increment(api, name, lease=True, lease_duration=59)
    strange = api.post(f"{V2}/decrement-with-lease", json={"lease_id": "x"})
    nothing = api.post(f"{V2}/decrement-with-lease", json={})
    places = [(answer.status_code, place(answer)) for answer in (short, strange, nothing)]
    assert places == [(422, ["body", "lease_duration"]), *[(422, ["body", "lease_id"])] * 2]
    assert slots(api, name) == 0


def test_strangers_do_not_give_back_what_a_lease_holds(api: httpx.Client, name: str) -> None:
    increment(api, name, lease=True)
    api.post(f"{V2}/decrement", json={"names": [name], "slots": 2})
    assert slots(api, name) == 1


def tag_limit(api: httpx.Client, most: int) -> str:
    tag = f"big-{new_id()}"
    assert api.post(f"{V1}/", json={"tag": tag, "concurrency_limit": most}).status_code == 201
    return tag


def holders(api: httpx.Client, tag: str) -> list[str]:
    return api.get(f"{V1}/tag/{tag}").json()["active_slots"]


def test_a_limit_on_a_tag_is_a_limit_of_its_name(api: httpx.Client) -> None:
    tag = tag_limit(api, 1)
    again = api.post(f"{V1}/", json={"tag": tag, "concurrency_limit": 2})
    assert (again.status_code, again.json()["concurrency_limit"]) == (200, 2)
    assert api.get(f"{V2}/tag:{tag}").json()["id"] == again.json()["id"]
    assert api.get(f"{V1}/{again.json()['id']}").json() == again.json()
    assert again.json() in api.post(f"{V1}/filter", json={}).json()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tag": "", "concurrency_limit": 1}, "tag"),
        ({"tag": "a", "concurrency_limit": -1}, "concurrency_limit"),
        ({"tag": "a"}, "concurrency_limit"),
        ({"tag": "a", "concurrency_limit": 1, "active_slots": []}, "active_slots"),
    ],
)
def test_a_limit_on_a_tag_that_cannot_be_is_refused(
    api: httpx.Client, given: dict[str, Any], field: str
) -> None:
    answer = api.post(f"{V1}/", json=given)
    assert (answer.status_code, place(answer)) == (422, ["body", field])


def test_limits_of_other_names_are_none_on_tags(api: httpx.Client, name: str, unknown: str) -> None:
    id = api.get(f"{V2}/{name}").json()["id"]
    assert id not in {each["id"] for each in api.post(f"{V1}/filter").json()}
    for path in (f"{V1}/{id}", f"{V1}/{unknown}", f"{V1}/tag/nobody"):
        for answer in (api.get(path), api.delete(path)):
            assert detail(answer) == (404, "Concurrency limit not found")


@pytest.mark.parametrize("by_id", [True, False])
def test_a_limit_on_a_tag_is_deleted(api: httpx.Client, by_id: bool) -> None:
    tag = tag_limit(api, 1)
    path = api.get(f"{V1}/tag/{tag}").json()["id"] if by_id else f"tag/{tag}"
    deleted = api.delete(f"{V1}/{path}")
    assert (deleted.status_code, deleted.json()) == (200, None)
    assert api.get(f"{V1}/tag/{tag}").status_code == 404


def test_task_runs_hold_the_slots_of_a_tag(api: httpx.Client) -> None:
    tag, run, other = tag_limit(api, 1), str(new_id()), str(new_id())
    wish = {"names": [tag, "nobody"], "task_run_id": run}
    (taken,) = api.post(f"{V1}/increment", json=wish).json()
    assert (taken["name"], holders(api, tag)) == (tag, [run])
    full = api.post(f"{V1}/increment", json={**wish, "task_run_id": other})
    assert detail(full) == (423, f"Concurrency limit for the {tag} tag has been reached")
    assert full.headers["retry-after"] == "10.0"
    (given,) = api.post(f"{V1}/decrement", json=wish).json()
    assert (given["name"], holders(api, tag)) == (f"tag:{tag}", [])
    assert slots(api, f"tag:{tag}") == 0
    nothing = {"names": ["nobody"], "task_run_id": run}
    for path in ("increment", "decrement"):
        assert api.post(f"{V1}/{path}", json=nothing).json() == []


def test_a_limit_of_none_on_a_tag_is_never_granted(api: httpx.Client) -> None:
    tag = tag_limit(api, 0)
    refused = api.post(f"{V1}/increment", json={"names": [tag], "task_run_id": str(new_id())})
    assert "retry-after" not in refused.headers
    assert detail(refused) == (
        423,
        (
            f'The concurrency limit on tag "{tag}" is 0 and will deadlock if the task tries to run'
            " again."
        ),
    )


def test_a_reset_frees_the_slots_of_a_tag(api: httpx.Client, unknown: str) -> None:
    tag, run = tag_limit(api, 2), str(new_id())
    api.post(f"{V1}/increment", json={"names": [tag], "task_run_id": run})
    assert api.post(f"{V1}/tag/{tag}/reset").json() is None
    assert (holders(api, tag), slots(api, f"tag:{tag}")) == ([], 0)
    api.post(f"{V1}/tag/{tag}/reset", json={"slot_override": [unknown]})
    assert (holders(api, tag), slots(api, f"tag:{tag}")) == ([unknown], 1)
    assert api.post(f"{V1}/tag/nobody/reset", json={}).status_code == 404
