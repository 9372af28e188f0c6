"""Messages: text in which the names of variables stand in braces, and nothing else does."""

from collections.abc import Mapping
from string import Formatter

VARIABLES: tuple[str, ...] = (
    "flow_run_notification_policy_id",
    "flow_id",
    "flow_name",
    "flow_run_url",
    "flow_run_id",
    "flow_run_name",
    "flow_run_parameters",
    "flow_run_state_type",
    "flow_run_state_name",
    "flow_run_state_timestamp",
    "flow_run_state_message",
)
"""What a message may name."""

DEFAULT = (
    "{flow_run_name}, a run of {flow_name}, is {flow_run_state_name} since"
    " {flow_run_state_timestamp}.\n{flow_run_state_message}\n{flow_run_url}"
)
"""The message of who writes none."""

TEMPLATE_MAX = 10_000
VALUE_MAX = 10_000
MESSAGE_MAX = 100_000
"""Characters: what a template says ten times over should still be a message."""


def wrong_with(template: str) -> str | None:
    """Why *template* is none; None when it is one."""
    if len(template) > TEMPLATE_MAX:
        return f"A template has at most {TEMPLATE_MAX} characters"
    try:
        for _, name, spec, conversion in Formatter().parse(template):
            if name is None:
                continue
            if name not in VARIABLES:
                known = ", ".join(VARIABLES)
                return f"Unknown variable {{{name[:100]}}}: a template may name {known}"
            if spec or conversion:
                return f"The variable {{{name}}} stands alone: no format and no conversion"
    except ValueError as error:
        return f"The template cannot be read: {error}"
    return None


def message(template: str | None, values: Mapping[str, str]) -> str:
    """*template*, or the default one, with the *values* of its variables; long ones are cut."""
    parts: list[str] = []
    for text, name, _, _ in Formatter().parse(DEFAULT if template is None else template):
        parts.append(text)
        if name is not None:
            parts.append(values.get(name, "")[:VALUE_MAX])
    return "".join(parts)[:MESSAGE_MAX].strip()
