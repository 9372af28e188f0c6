"""Settings come from `HEADGATE_*`; what is wrong is named by its variable."""

import re

import pytest

from headgate.cli import main
from headgate.settings import Settings, SettingsInvalid, masked, variable


def complaint() -> str:
    with pytest.raises(SettingsInvalid) as caught:
        Settings.read()
    return str(caught.value)


def test_a_variable_sets_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_PORT", "4300")
    assert Settings.read().port == 4300


def test_what_the_command_line_gives_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_PORT", "4300")
    assert Settings.read(port=4400, host=None).port == 4400


def test_a_misspelt_variable_is_named_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_PROT", "4300")
    assert complaint() == "HEADGATE_PROT is not a setting; did you mean HEADGATE_PORT?"


def test_all_wrong_variables_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_PORT", "70000")
    monkeypatch.setenv("HEADGATE_PARTITIONS", "0")
    first, second = complaint().splitlines()
    assert first.startswith("HEADGATE_PORT=70000: input should be less than or equal to 65535")
    assert second.startswith("HEADGATE_PARTITIONS=0: input should be greater than or equal to 1")


def test_the_password_of_a_wrong_url_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_REDIS_URL", "http://:hunter2@example")
    said = complaint()
    assert "HEADGATE_REDIS_URL" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter2@example/0", "redis://:***@example/0"),
        ("redis://:hun@ter2@example/0", "redis://:***@example/0"),
        ("postgresql://me:hun/ter2@example/views", "postgresql://me:***@example/views"),
        ("redis://example?password=hunter2&db=1", "redis://example?password=***&db=1"),
        ("redis://example:6379/0", "redis://example:6379/0"),
        ("sqlite:////data/a:b/views.db", "sqlite:////data/a:b/views.db"),
    ],
)
def test_an_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_several_values_stand_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_ALLOWED_NETWORKS", "10.0.0.0/8, ::1,")
    monkeypatch.setenv("HEADGATE_CORS_ALLOWED_ORIGINS", "*")
    settings = Settings.read()
    assert settings.allowed_networks == ("10.0.0.0/8", "::1")
    assert settings.cors_allowed_origins == ("*",)
    assert settings.trusted_proxies == ()


def test_a_network_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_ALLOWED_NETWORKS", "10.0.0.0/8,banana")
    said = complaint()
    assert said.startswith("HEADGATE_ALLOWED_NETWORKS")
    assert "'banana'" in said


def test_an_empty_variable_is_an_absent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_REDIS_URL", "")
    assert Settings.read().redis_url is None


def test_settings_of_the_test_suite_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_TEST_CONTAINERS", "1")
    assert Settings.read().port == 4200


def test_every_field_says_what_it_means() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert silent == []


def test_the_settings_are_listed_with_their_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    named = {each.partition(" ")[0] for each in lines}
    assert {variable(name) for name in Settings.model_fields} <= named
    timeout = r"HEADGATE_REPLY_TIMEOUT_MS +4500 +50 to 120000 +how"
    assert any(re.match(timeout, each) for each in lines)
    fsync = r"HEADGATE_REDIS_FSYNC +always +always, everysec +when"
    assert any(re.match(fsync, each) for each in lines)
