"""What flows of an unmodified client have persisted is what their states give back."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.objects import FlowRun, ResultRecordMetadata, TaskRun
from tests.support.answers import posted
from tests.support.prefect_client import Scripts
from tests.support.waiting import comes_true


def state_type(api: httpx.Client, of_run: dict[str, Any]) -> str | None:
    """The type of the state that the one task run is in, when it is known."""
    found = posted(api, "/task_runs/filter", of_run)
    return found[0]["state_type"] if found else None


@pytest.mark.timeout(180)
def test_results_that_a_client_has_persisted_are_read(
    scripts: Scripts, api: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scripts.run() == "ran"
    monkeypatch.setenv("PREFECT_LOCAL_STORAGE_PATH", str(tmp_path / ".prefect" / "storage"))

    def run_of(flow: str) -> FlowRun:
        (found,) = posted(api, "/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}})
        return FlowRun.model_validate(found)

    def outcome(flow: str) -> object:
        state = run_of(flow).state
        assert state is not None
        assert isinstance(state.data, ResultRecordMetadata)
        return state.result(raise_on_failure=False)

    assert outcome("as-json") == {"x": [1]}
    assert outcome("pickled") == outcome("compressed") == {1, 2}
    for flow in ("failing", "failing-as-json"):
        found = outcome(flow)
        assert (type(found), str(found)) == (ValueError, "boom")

    of_run = {"flow_runs": {"id": {"any_": [str(run_of("as-json").id)]}}}
    assert comes_true(lambda: state_type(api, of_run) == "COMPLETED", 20)
    (found,) = posted(api, "/task_runs/filter", of_run)
    state = TaskRun.model_validate(found).state
    assert state is not None
    assert state.result() == {"x": [1]}
