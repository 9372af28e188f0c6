"""The page of transitions, made by asking the rules: run this module to write it again."""

from events.changes import StateEntered
from events.decisions import Decision, Outcome
from events.states import StateType
from tests.rules.test_matrix import INITIAL, POLICY, PROPOSED
from tests.support.case import Case
from tests.support.examples import a_flow_run, propose
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "reference" / "transitions.md"

HEAD = """# The transitions

Which state a flow run may enter from which, as the rules answer for a run of a deployment that has
no process, no retries left and no schedule to wait for. This page is made from the rules:
`python -m tests.support.transitions` writes it again, and a test compares it.

- **ACCEPT**: the run enters the state.
- **REJECT**: it stays where it is; or another state takes the place of the proposed one, and is
  named.
- **ABORT**: it stays where it is, and whoever asked should stop.

A run that is scheduled for later is told to WAIT when it would start, and one that has retries left
goes to `AwaitingRetry` when it fails. Proposals with `force` pass all rules but those that keep
persisted results and cancel idle runs.
"""


def page() -> str:
    """The whole page."""
    columns = [each.value for each in StateType]
    table = [f"| from | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    said = ["| from | to | outcome | rule | reason |", "|---|---|---|---|---|"]
    for row in INITIAL:
        decisions = {column: _decided(row, column) for column in columns}
        table.append(f"| **{row}** | {' | '.join(map(_cell, decisions.values()))} |")
        said += [
            f"| {row} | {column} | {_cell(each)} | `{each.rule}` | {each.reason} |"
            for column, each in decisions.items()
            if each.outcome is not Outcome.ACCEPT
        ]
    table, said = "\n".join(table), "\n".join(said)
    return f"{HEAD}\n## All of them\n\n{table}\n\n## What is refused, and why\n\n{said}\n"


def _decided(row: str, column: str) -> Decision:
    case = Case()
    state, booked = INITIAL[row]
    case.given(a_flow_run(state, booked, POLICY))
    return case.decided(propose(PROPOSED[column]))


def _cell(decision: Decision) -> str:
    states = [each.state.type.value for each in decision.changes if isinstance(each, StateEntered)]
    if decision.outcome is Outcome.ACCEPT or not states:
        return str(decision.outcome.value)
    return f"{decision.outcome.value} → {states[0]}"


if __name__ == "__main__":
    PAGE.write_text(page())
