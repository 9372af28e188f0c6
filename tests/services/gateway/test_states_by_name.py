"""Every state that can be made by its name is entered as it was made."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec import to_builtins

from events.states import ProposedState, StateDetails
from headgate import states
from headgate.clock import now

Make = Callable[..., ProposedState]
BY_NAME: dict[str, Make] = {name: getattr(states, name) for name in states.__all__}


def _propose(api: httpx.Client, run_id: str, made: ProposedState) -> dict[str, Any]:
    """What is answered when *made* is proposed and as few rules as can be are asked."""
    body = {"state": to_builtins(made), "force": True}
    answer = api.post(f"/flow_runs/{run_id}/set_state", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_state_is_entered_by_its_name(api: httpx.Client, run_id: str, name: str) -> None:
    tomorrow = StateDetails(scheduled_time=now() + timedelta(days=1))  # it does not become late
    made = BY_NAME[name](message="as it is", data={"storage_key": "k"}, state_details=tomorrow)
    answer = _propose(api, run_id, made)
    entered = answer["state"]

    assert answer["status"] == "ACCEPT"
    assert (entered["type"], entered["name"]) == (made.type, name)
    assert (entered["message"], entered["data"]) == ("as it is", {"storage_key": "k"})
    *_, last = api.get("/flow_run_states/", params={"flow_run_id": run_id}).json()
    assert last == api.get(f"/flow_runs/{run_id}").json()["state"] == entered


@pytest.mark.parametrize("name", ["Scheduled", "Late", "AwaitingRetry", "AwaitingConcurrencySlot"])
def test_what_is_scheduled_is_due_now_or_when_it_says(
    api: httpx.Client, run_id: str, name: str
) -> None:
    before = now().isoformat()
    answer = _propose(api, run_id, BY_NAME[name]())
    assert answer["state"]["state_details"]["scheduled_time"] > before[:19]
    later = now().replace(year=2999, microsecond=0)
    answer = _propose(api, run_id, BY_NAME[name](later))
    assert (
        answer["state"]["state_details"]["scheduled_time"] == "2999" + later.isoformat()[4:19] + "Z"
    )


@pytest.mark.parametrize(("name", "reschedules"), [("Paused", False), ("Suspended", True)])
def test_a_pause_has_a_key_and_a_deadline(
    api: httpx.Client, run_id: str, name: str, reschedules: bool
) -> None:
    made = BY_NAME[name](timeout_seconds=3600, pause_key="k")
    details = _propose(api, run_id, made)["state"]["state_details"]

    assert (details["pause_key"], details["pause_reschedule"]) == ("k", reschedules)
    assert details["pause_timeout"] > now().isoformat()[:19]
