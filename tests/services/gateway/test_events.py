"""Events of clients and of the server are kept, found by a filter, paged and counted."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from headgate.clock import new_id, now
from tests.support.waiting import comes_true

_numbers = count(1)

ROLE, ID, NAME = (f"prefect.resource.{each}" for each in ("role", "id", "name"))


@pytest.fixture
def family() -> str:
    """The beginning of names that no other test's events have."""
    return f"told{next(_numbers)}."


def event(name: str, ago: float = 0, **fields: Any) -> dict[str, Any]:
    """An event of *ago* seconds ago."""
    return {
        "occurred": (now() - timedelta(seconds=ago)).isoformat(),
        "event": name,
        "resource": {ID: "my.thing.1", "colour": "red"},
        "related": [{ID: "my.flow.1", ROLE: "flow"}],
        "payload": {"a": 1},
        "id": str(new_id()),
        **fields,
    }


def tell(api: httpx.Client, *events: dict[str, Any]) -> None:
    answer = api.post("/events", json=list(events))
    assert answer.status_code == 204, answer.text


def page(api: httpx.Client, limit: int | None = None, **wanted: Any) -> dict[str, Any]:
    answer = api.post("/events/filter", json={"filter": wanted, "limit": limit})
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(found: dict[str, Any]) -> list[str]:
    return [each["event"].rpartition(".")[2] for each in found["events"]]


def test_an_event_comes_back_as_it_was_told(api: httpx.Client, family: str) -> None:
    told = event(f"{family}a", follows=str(new_id()))
    tell(api, told)
    (found,) = page(api, event={"name": [f"{family}a"]})["events"]

    assert datetime.fromisoformat(found.pop("received")) <= now()
    occurred = datetime.fromisoformat(told.pop("occurred"))
    assert datetime.fromisoformat(found.pop("occurred")) == occurred
    assert found == told


def test_an_event_told_twice_is_one(api: httpx.Client, family: str) -> None:
    told = event(f"{family}a")
    tell(api, told, told)
    tell(api, told)
    tell(api)

    assert page(api, event={"prefix": [family]})["total"] == 1


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        ({"id": None}, ["id"], "Field required"),
        ({"resource": {}}, ["resource"], "must include the prefect.resource.id label"),
        ({"related": [{ID: "x"}]}, ["related", 0], "must include the prefect.resource.role"),
        ({"related": [{ROLE: "x"}]}, ["related", 0], "must include the prefect.resource.id"),
        ({"event": 1}, ["event"], "valid string"),
        (
            {
                "event": "prefect.task-run.Running",
                "resource": {ID: "prefect.task-run.x", "prefect.orchestration": "client"},
            },
            ["payload"],
            "UUID",
        ),
    ],
)
def test_what_is_wrong_with_an_event_is_named_and_nothing_is_kept(
    api: httpx.Client, family: str, fields: dict[str, Any], place: list[str | int], message: str
) -> None:
    refused = api.post("/events", json=[event(f"{family}a"), event(f"{family}b") | fields])

    assert refused.status_code == 422, refused.text
    (problem,) = refused.json()["exception_detail"]
    assert problem["loc"] == ["body", 1, *place]
    assert message in problem["msg"]
    assert page(api, event={"prefix": [family]})["total"] == 0
    assert api.post("/events", json=event("a")).status_code == 422


def test_events_are_filtered(api: httpx.Client, family: str) -> None:
    red = event(f"{family}red", ago=30)
    blue = event(
        f"{family}blue",
        ago=20,
        resource={ID: "my.other.1", "colour": "blue"},
        related=[{ID: "my.flow.2", ROLE: "flow", NAME: "etl"}],
    )
    green = event(f"{family}green", ago=10, related=[], payload={"say": "needle"})
    tell(api, blue, red, green)

    def found(**wanted: Any) -> list[str]:
        wanted = {"event": {"prefix": [family]}, **wanted}
        answer = page(api, **wanted)
        assert answer["total"] == len(answer["events"])
        assert answer["next_page"] is None
        return names(answer)

    assert found() == ["green", "blue", "red"]
    assert found(order="ASC") == ["red", "blue", "green"]
    assert found(id={"id": [red["id"]]}) == ["red"]
    assert found(id={"id": []}) == ["green", "blue", "red"]
    assert found(event={"name": [f"{family}red", f"{family}blue"]}) == ["blue", "red"]
    assert found(event={"prefix": [family.upper()]}) == []
    without = {"prefix": [family], "exclude_prefix": [f"{family}g"]}
    assert found(event={**without, "exclude_name": [f"{family}red"]}) == ["blue"]
    assert found(resource={"id": ["my.other.1"]}) == ["blue"]
    assert found(resource={"id_prefix": ["my.thing"]}) == ["green", "red"]
    assert found(resource={"labels": {"colour": ["blue", "grey"]}}) == ["blue"]
    assert found(resource={"labels": {"colour": "!red"}}) == ["blue"]
    assert found(resource={"distinct": True}) == ["green", "blue"]
    assert found(related={"id": ["my.flow.1"]}) == ["red"]
    assert found(related=[{"role": ["flow"]}, {"id_prefix": ["my.flow.2"]}]) == ["blue"]
    assert found(any_resource={"id": ["my.other.1", "my.flow.1"]}) == ["blue", "red"]
    assert found(text={"query": "needle"}) == ["green"]
    since = (now() - timedelta(seconds=25)).isoformat()
    assert found(occurred={"since": since}) == ["green", "blue"]
    assert found(occurred={"until": since}) == ["red"]


def test_events_of_half_a_year_are_looked_for_unless_it_is_said(
    api: httpx.Client, family: str
) -> None:
    tell(api, event(f"{family}old", occurred="2020-01-01T00:00:00Z"))

    assert page(api, event={"prefix": [family]})["total"] == 0
    span = {"since": "2019-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}
    assert names(page(api, event={"prefix": [family]}, occurred=span)) == ["old"]


@pytest.mark.parametrize("within", [{}, {"related": {"role": ["flow"]}}])
def test_pages_follow_each_other_until_there_is_none(
    api: httpx.Client, family: str, within: dict[str, Any]
) -> None:
    tell(api, *(event(f"{family}{n}", ago=n) for n in range(5)))
    first = page(api, limit=2, event={"prefix": [family]}, **within)
    tell(api, event(f"{family}late"))

    pages = [first]
    while (url := pages[-1]["next_page"]) is not None:
        assert url.startswith(str(api.base_url))
        pages.append(httpx.get(url).json())
    assert [names(each) for each in pages] == [["0", "1"], ["2", "3"], ["4"]]
    assert {each["total"] for each in pages} == {5}


@pytest.mark.parametrize("token", ["", "abc", "e30="])
def test_a_page_token_is_one_that_we_gave(api: httpx.Client, token: str) -> None:
    refused = api.get(f"/events/filter/next?page-token={token}")

    assert (refused.status_code, refused.json()) == (403, {"detail": "Forbidden"})


def test_a_page_token_is_needed(api: httpx.Client) -> None:
    refused = api.get("/events/filter/next")

    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["query", "page-token"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"limit": 51}, ["limit"]),
        ({"limit": -1}, ["limit"]),
        ({"filter": {"size": 1}}, ["filter", "size"]),
        ({"filter": {"order": "x"}}, ["filter", "order"]),
    ],
)
def test_what_is_wrong_with_a_filter_is_named(
    api: httpx.Client, body: dict[str, Any], place: list[str]
) -> None:
    refused = api.post("/events/filter", json=body)

    assert refused.status_code == 422
    assert place[-1] in refused.text


def test_a_filter_may_be_left_out(api: httpx.Client, family: str) -> None:
    tell(api, event(f"{family}a"))
    for body in (None, {}, {"filter": None, "limit": None}):
        assert api.post("/events/filter", json=body).json()["total"] >= 1
    none = page(api, limit=0, event={"prefix": [family]})
    assert (none["events"], none["total"]) == ([], 1)


def test_the_server_tells_of_the_states_of_flow_runs(api: httpx.Client, flow_id: str) -> None:
    made = {"flow_id": flow_id, "state": {"type": "PENDING"}, "tags": ["x"]}
    run = api.post("/flow_runs/", json=made).json()
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "RUNNING"}})
    own = {"id": [f"prefect.flow-run.{run['id']}"]}
    found: list[dict[str, Any]] = []

    def told() -> bool:
        found[:] = page(api, resource=own, order="ASC")["events"]
        return len(found) == 2

    assert comes_true(told, 5)
    pending, running = found
    assert pending["event"] == "prefect.flow-run.Pending"
    assert pending["id"] == run["state_id"]
    assert running["follows"] == pending["id"]
    of_flow = {"id": [f"prefect.flow.{flow_id}"], "role": ["flow"]}
    assert page(api, related=of_flow)["total"] == 2


def test_events_are_counted_by_name_and_by_resource(api: httpx.Client, family: str) -> None:
    mine = {"event": {"prefix": [family]}}
    thing = {ID: f"{family}thing", NAME: "the thing"}
    tell(
        api,
        *(event(f"{family}a", ago=n, resource=thing) for n in (30, 20)),
        event(f"{family}b", ago=10, related=[]),
    )

    by_name = api.post("/events/count-by/event", json={"filter": mine}).json()
    assert [(each["value"], each["count"]) for each in by_name] == [
        (f"{family}a", 2),
        (f"{family}b", 1),
    ]
    assert by_name[0]["start_time"] < by_name[0]["end_time"]
    by_thing = api.post("/events/count-by/resource", json={"filter": mine}).json()
    assert [each["label"] for each in by_thing] == ["the thing", "my.thing.1"]
    related = {**mine, "related": {"role": ["flow"]}}
    by_name = api.post("/events/count-by/event", json={"filter": related}).json()
    assert [each["count"] for each in by_name] == [2]


def test_events_are_counted_in_spans_of_time(api: httpx.Client, family: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for hour in (0.5, 2.5, 2.75):
        occurred = (start + timedelta(hours=hour)).isoformat()
        tell(api, event(f"{family}a", occurred=occurred))
    span = {"since": start.isoformat(), "until": (start + timedelta(hours=4)).isoformat()}
    asked = {"filter": {"event": {"prefix": [family]}, "occurred": span}}

    by_hour = api.post("/events/count-by/time", json={**asked, "time_unit": "hour"}).json()
    assert [each["count"] for each in by_hour] == [1, 0, 2, 0]
    assert by_hour[1]["start_time"] == "2026-01-01T01:00:00Z"
    assert by_hour[1]["end_time"] == "2026-01-01T01:59:59.999999Z"
    two = {**asked, "time_unit": "hour", "time_interval": 2}
    by_two = api.post("/events/count-by/time", json=two).json()
    assert [each["count"] for each in by_two] == [1, 2]
    (by_day,) = api.post("/events/count-by/day", json=asked).json()
    assert (by_day["count"], by_day["value"]) == (3, "0")
    ages = {**asked, "time_unit": "week", "time_interval": 1e6}
    (by_ages,) = api.post("/events/count-by/time", json=ages).json()
    assert (by_ages["count"], by_ages["end_time"]) == (3, "9999-12-31T23:59:59.999999Z")


def test_counting_refuses_what_it_does_not_know(api: httpx.Client) -> None:
    unknown = api.post("/events/count-by/size", json={"filter": {}})
    assert unknown.status_code == 422
    assert unknown.json()["exception_detail"][0]["loc"] == ["path", "countable"]
    too_many = api.post("/events/count-by/time", json={"filter": {}, "time_unit": "second"})
    assert too_many.status_code == 422
    assert "buckets, which is too many" in too_many.json()["detail"]
    assert api.post("/events/count-by/event", json={}).status_code == 422
