"""A task run begins only while its flow run runs, and remembers in which attempt of it."""

from events.entities import TaskRun
from events.states import ProposedState, State, StateType
from events.states.constructors import Paused

from ..asking.rule import ANY, TYPES, Question, Rule
from ..asking.verdict import PASS, Abort, Aftermath, Reject, Verdict


def begin_only_in_running_flow_runs(
    question: Question[TaskRun], _: State, __: ProposedState
) -> Verdict:
    """Refuse to begin when the flow run does not run, and not yet when it is paused."""
    if question.flow_run is None:
        return PASS
    state = question.flow_run.progress.state
    if state is not None and state.type is StateType.RUNNING:
        return PASS
    if state is None or state.type is not StateType.PAUSED:
        return Abort("The enclosing flow must be running to begin task execution.")
    return Reject(
        state=Paused(
            name="NotReady",
            pause_expiration_time=state.state_details.pause_timeout,
            reschedule=state.state_details.pause_reschedule,
        ),
        reason="The flow is paused, new tasks can execute after resuming flow run:"
        f" {question.flow_run.attributes.id}.",
    )


def note_the_attempt(question: Question[TaskRun], _: State | None, __: State) -> Aftermath:
    """The task run belongs to this attempt of its flow run, also if it begins when it is made."""
    if question.flow_run is None:
        return Aftermath()
    return Aftermath(flow_run_run_count=question.flow_run.progress.booked.run_count)


BEGIN_ONLY_IN_RUNNING_FLOW_RUNS = Rule(
    name="PreventRunningTasksFromStoppedFlows",
    leaving=TYPES,
    entering=frozenset({StateType.RUNNING}),
    before=begin_only_in_running_flow_runs,
)

NOTE_THE_FLOW_RUNS_ATTEMPT = Rule(
    name="UpdateFlowRunTrackerOnTasks",
    leaving=ANY,
    entering=frozenset({StateType.RUNNING}),
    after=note_the_attempt,
    first_after=note_the_attempt,
)
