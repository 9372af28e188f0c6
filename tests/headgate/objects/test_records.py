"""Templates name what is known, counts what there is, networks are networks, a place is a place."""

import pytest
from pydantic import ValidationError

from headgate import clock
from headgate.objects import (
    CountByState,
    FlowRunNotificationPolicy,
    IPAllowlistEntry,
    StateType,
    Workspace,
)
from headgate.objects.access import API_URL
from headgate.settings import Settings

ID = clock.new_id()
VARIABLES = (
    *("flow_run_notification_policy_id", "flow_id", "flow_name", "flow_run_url", "flow_run_id"),
    *("flow_run_name", "flow_run_parameters", "flow_run_state_type", "flow_run_state_name"),
    *("flow_run_state_timestamp", "flow_run_state_message"),
)
WORKSPACE = Workspace(
    account_id=ID,
    account_name="A",
    account_handle="a",
    workspace_id=ID,
    workspace_name="W",
    workspace_description="",
    workspace_handle="w",
)


def a_policy(template: str | None) -> FlowRunNotificationPolicy:
    return FlowRunNotificationPolicy(
        state_names=["Failed"], tags=[], block_document_id=ID, message_template=template
    )


@pytest.mark.parametrize("name", VARIABLES)
def test_a_template_names_what_is_known(name: str) -> None:
    assert a_policy(f"It is {{{name}}}: {{{{braces}}}}").message_template is not None
    assert a_policy(None).message_template is None


@pytest.mark.parametrize(
    "template",
    [
        "{nobody}",
        "{}",
        "{0}",
        "{flow_name.__class__}",
        "{flow_name[0]}",
        "{flow_name!r}",
        "{flow_name:>99999}",
        "{flow_name",
        "flow_name}",
    ],
)
def test_any_other_variable_is_refused(template: str) -> None:
    with pytest.raises(ValidationError, match="message_template"):
        a_policy(template)


def test_there_is_a_count_for_every_type_and_for_no_other() -> None:
    assert list(CountByState.model_fields) == [type.value for type in StateType]
    assert CountByState().model_dump() == dict.fromkeys(StateType, 0)
    with pytest.raises(ValidationError, match="DREAMING"):
        CountByState.model_validate({"DREAMING": 1})


def test_an_entry_is_a_network() -> None:
    entry = IPAllowlistEntry.model_validate({"ip_network": "10.0.0.0/8", "enabled": True})
    assert entry.model_dump(mode="json")["ip_network"] == "10.0.0.0/8"
    with pytest.raises(ValidationError, match="ip_network"):
        IPAllowlistEntry.model_validate({"ip_network": "here", "enabled": True})


def test_a_workspace_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WORKSPACE.handle == "a/w"
    monkeypatch.setenv("PREFECT_API_URL", "https://headgate.example/api/")
    assert WORKSPACE.api_url() == "https://headgate.example/api"
    assert WORKSPACE.ui_url() is None
    said = {"api_url": "https://there.example/api", "ui_url": "https://there.example"}
    there = Workspace.model_validate(WORKSPACE.model_dump() | said)
    assert (there.api_url(), there.ui_url()) == (said["api_url"], said["ui_url"])
    for by_alias in (False, True):
        again = Workspace.model_validate(there.model_dump(by_alias=by_alias))
        assert (again.api_url(), again.ui_url()) == (said["api_url"], said["ui_url"])
    monkeypatch.delenv("PREFECT_API_URL")
    assert WORKSPACE.api_url() == API_URL
    assert f":{Settings.model_fields['port'].default}/api" in API_URL


def test_workspaces_with_the_same_handle_have_the_same_hash() -> None:
    assert hash(WORKSPACE) == hash(WORKSPACE.model_copy(update={"workspace_name": "X"}))
    assert hash(WORKSPACE) != hash(WORKSPACE.model_copy(update={"workspace_handle": "x"}))
    assert len({WORKSPACE, WORKSPACE.model_copy()}) == 1
