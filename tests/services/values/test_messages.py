"""Messages name known variables and nothing else, and never grow beyond a message."""

import pytest

from services.values import message, wrong_with
from services.values.messages import DEFAULT, MESSAGE_MAX, TEMPLATE_MAX, VALUE_MAX, VARIABLES


def test_every_variable_and_a_brace_stand_for_themselves() -> None:
    template = "{{" + " ".join(f"{{{name}}}" for name in VARIABLES) + "}}"
    assert wrong_with(template) is None
    assert message(template, {name: name.upper() for name in VARIABLES}) == (
        "{" + " ".join(name.upper() for name in VARIABLES) + "}"
    )


def test_the_default_message_is_a_template() -> None:
    assert wrong_with(DEFAULT) is None
    assert message(None, {"flow_run_name": "tall-ibis"}).startswith("tall-ibis, a run of ")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{flow_run_nam}", "Unknown variable {flow_run_nam}"),
        ("{}", "Unknown variable {}"),
        ("{0}", "Unknown variable {0}"),
        ("{flow_run_name.__class__}", "Unknown variable {flow_run_name.__class__}"),
        ("{flow_run_parameters[password]}", "Unknown variable {flow_run_parameters[password]}"),
        ("{flow_run_name!r}", "{flow_run_name} stands alone"),
        ("{flow_run_name:>9999}", "{flow_run_name} stands alone"),
        ("{flow_run_name:{flow_id}}", "{flow_run_name} stands alone"),
        ("{flow_run_name", "cannot be read"),
        ("}", "cannot be read"),
        ("x" * (TEMPLATE_MAX + 1), f"at most {TEMPLATE_MAX}"),
    ],
)
def test_what_is_no_template_is_told_why(template: str, said: str) -> None:
    assert said in str(wrong_with(template))


def test_values_and_messages_are_cut() -> None:
    long: dict[str, str] = dict.fromkeys(VARIABLES, "x" * 1_000_000)
    assert len(message("{flow_id}", long)) == VALUE_MAX
    assert len(message("{flow_id}" * 100, long)) == MESSAGE_MAX


def test_what_a_value_says_is_not_read_as_a_template() -> None:
    assert message("{flow_id}", {"flow_id": "{flow_name}", "flow_name": "x"}) == "{flow_name}"
