"""A run starts when its time has come, and being claimed does not make it come earlier."""

from typing import Any

from msgspec import structs

from events.states import ProposedState, State, StateType

from ..asking.rule import Question, Rule
from ..asking.verdict import PASS, Delay, Pass, Verdict


def keep_the_scheduled_time(_: Question[Any], initial: State, proposed: ProposedState) -> Verdict:
    """Give a claimed run the time it was scheduled for, unless the claim brings one."""
    due, details = initial.state_details.scheduled_time, proposed.state_details
    if due is None or details.scheduled_time is not None:
        return PASS
    return Pass(details=structs.replace(details, scheduled_time=due))


def wait_for_the_scheduled_time(
    question: Question[Any], initial: State, _: ProposedState
) -> Verdict:
    """Send the proposer away until the run is due, to the nearest second."""
    due = initial.state_details.scheduled_time
    if due is None:
        return PASS
    left = due - question.at
    seconds = left.days * 86_400 + left.seconds + round(left.microseconds / 1_000_000)
    if seconds <= 0:
        return PASS
    return Delay(seconds=seconds, reason="Scheduled time is in the future")


KEEP_THE_SCHEDULED_TIME: Rule[Any] = Rule(
    name="CopyScheduledTime",
    leaving=frozenset({StateType.SCHEDULED}),
    entering=frozenset({StateType.PENDING}),
    before=keep_the_scheduled_time,
)

WAIT_FOR_THE_SCHEDULED_TIME: Rule[Any] = Rule(
    name="WaitForScheduledTime",
    leaving=frozenset({StateType.SCHEDULED, StateType.PENDING}),
    entering=frozenset({StateType.RUNNING}),
    before=wait_for_the_scheduled_time,
)
