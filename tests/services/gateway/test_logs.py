"""Log lines are written in batches and read in pages."""

from typing import Any

import httpx

TIMES = (
    "2026-11-20T10:00:00Z",
    "2026-11-20T12:00:01+02:00",
    "2026-11-20 10:00:02.304013+00:00",
)


def _line(message: str, time: str = TIMES[0], **more: Any) -> dict[str, Any]:
    return {"name": "test", "level": 20, "message": message, "timestamp": time, **more}


def _read(api: httpx.Client, run_id: str, **more: Any) -> list[dict[str, Any]]:
    wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC", **more}
    return api.post("/logs/filter", json=wanted).json()


def test_lines_are_kept_whatever_form_their_times_have(api: httpx.Client, run_id: str) -> None:
    lines = [_line(f"m{n}", time, flow_run_id=run_id) for n, time in enumerate(TIMES)]
    answer = api.post("/logs/", json=lines)
    assert (answer.status_code, answer.json()) == (201, None)
    found = _read(api, run_id)
    assert [line["message"] for line in found] == ["m0", "m1", "m2"]
    assert [line["timestamp"] for line in found] == [
        "2026-11-20T10:00:00Z",
        "2026-11-20T10:00:01Z",
        "2026-11-20T10:00:02.304013Z",
    ]


def test_a_batch_sent_again_is_the_same_lines(api: httpx.Client, run_id: str) -> None:
    lines = [_line("twice", flow_run_id=run_id), _line("twice", flow_run_id=run_id)]
    for _ in range(2):
        assert api.post("/logs/", json=lines).status_code == 201
    assert len(_read(api, run_id)) == 2


def test_a_batch_larger_than_a_proposal_is_kept_whole(api: httpx.Client, run_id: str) -> None:
    lines = [_line(f"{n}" + "x" * 900_000, flow_run_id=run_id) for n in range(4)]
    assert api.post("/logs/", json=lines).status_code == 201
    assert sorted(line["message"][0] for line in _read(api, run_id)) == ["0", "1", "2", "3"]


def test_lines_without_a_run_or_of_an_unknown_one_are_kept(
    api: httpx.Client, run_id: str, unknown: str
) -> None:
    message = f"nobody's {run_id}"
    lines = [
        _line(message),
        _line(message, flow_run_id=unknown),
        _line(message, task_run_id=run_id),
    ]
    assert api.post("/logs/", json=lines).status_code == 201
    found = api.post("/logs/filter", json={"logs": {"text": {"query": run_id}}}).json()
    assert len(found) == 3


def test_no_lines_are_no_error(api: httpx.Client) -> None:
    assert api.post("/logs/", json=[]).status_code == 201


def test_one_bad_line_spoils_the_batch_and_is_named(api: httpx.Client, run_id: str) -> None:
    answer = api.post("/logs/", json=[_line("good", flow_run_id=run_id), {"level": 1}])
    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["body", 1, "name"]
    assert _read(api, run_id) == []
