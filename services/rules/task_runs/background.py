"""A background task run keeps its parameters at hand and is queued for whoever can run it."""

from msgspec import structs

from events.changes import TaskRunEnqueued
from events.entities import TaskRun
from events.states import ProposedState, State, StateType

from ..asking.rule import ANY, Question, Rule
from ..asking.verdict import PASS, Aftermath, Pass, Verdict


def keep_the_parameters(_: Question[TaskRun], initial: State, proposed: ProposedState) -> Verdict:
    """Give the proposed state the id of the parameters, unless it brings one."""
    id, details = initial.state_details.task_parameters_id, proposed.state_details
    if id is None or details.task_parameters_id is not None:
        return PASS
    return Pass(details=structs.replace(details, task_parameters_id=id))


def enqueue(question: Question[TaskRun], _: State | None, now: State) -> Aftermath:
    """Queue a run that is scheduled; retries have a queue of their own, which goes first."""
    queued = TaskRunEnqueued(
        task_key=question.run.attributes.task_key,
        queue="retry" if now.name == "AwaitingRetry" else "scheduled",
    )
    return Aftermath(changes=(queued,))


KEEP_THE_PARAMETERS = Rule(
    name="CopyTaskParametersID",
    leaving=frozenset({StateType.SCHEDULED, StateType.PENDING}),
    entering=frozenset({StateType.PENDING, StateType.RUNNING}),
    before=keep_the_parameters,
)

ENQUEUE_SCHEDULED_RUNS = Rule(
    name="EnqueueScheduledTasks",
    leaving=ANY,
    entering=frozenset({StateType.SCHEDULED}),
    after=enqueue,
    first_after=enqueue,
)
