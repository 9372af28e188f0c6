"""A task run begins with a slot of every limit on its tags, and gives them back when it ends."""

from uuid import UUID

from events.entities import TaskRun
from events.identity import derived_id, fraction_of, tags_lease_id_of
from events.proposals import EndLease, EndLeasesOf, Proposal, TakeSlots
from events.slots import TAG, Found, Holder, limit_name_key
from events.states import ProposedState, State, StateType

from ..asking.rule import TYPES, Question, Rule
from ..asking.verdict import PASS, Abort, Ask, Delay, Verdict
from ..slots.counting import tag_delay

HOLDING = frozenset({StateType.RUNNING, StateType.CANCELLING})
"""The states in which a task run keeps the slots of its tags."""


def begin_with_slots_of_the_tags(
    question: Question[TaskRun], _: State, __: ProposedState
) -> Verdict:
    """Take a slot of every limit on a tag; without all of them the task run waits."""
    names = _limited(question)
    if isinstance(names, Ask):
        return names
    if not names:
        return PASS
    slots, id = question.told.slots, question.run.attributes.id
    if slots is None:
        wish = TakeSlots(
            id=_id(question, "take"),
            names=names,
            lease_id=tags_lease_id_of(id),
            holder=_holder(id),
        )
        return Ask(take=wish)
    active = [each for each in slots.limits if each.active]
    if slots.found is Found.EXCEEDED:
        none = next(each.name for each in active if each.limit == 0)
        return Abort(
            f'The concurrency limit on tag "{none.removeprefix(TAG)}" is 0 and will deadlock if'
            " the task tries to run again."
        )
    if slots.found is Found.FULL:
        terms = question.told.terms
        fraction = fraction_of(question.subject, question.proposal_id, "tags")
        tags = ", ".join(each.name.removeprefix(TAG) for each in active)
        return Delay(
            seconds=tag_delay(active, fraction, terms) if active else round(terms.tag_wait_seconds),
            reason=f"Concurrency limit reached for tags: {tags}",
        )
    return PASS


def tag_slots_left(
    question: Question[TaskRun], entered: State | None
) -> tuple[Proposal, ...] | Ask:
    """What gives back the slots of a task run that leaves, or were not needed after all."""
    left, id = question.run.progress.state, question.run.attributes.id
    held = left is not None and left.type in HOLDING
    if entered is not None and held and entered.type not in HOLDING:
        names = _limited(question)
        if isinstance(names, Ask):
            return names
        ending = EndLeasesOf(id=_id(question, "end"), names=names, holder=_holder(id))
        return (ending,) if names else ()
    slots = question.told.slots
    is_taken = slots is not None and slots.found is Found.GRANTED
    if is_taken and not held and (entered is None or entered.type not in HOLDING):
        return (EndLease(id=_id(question, "unused"), lease_id=tags_lease_id_of(id)),)
    return ()


def slots_of_a_deleted_run(run: TaskRun, proposal_id: str) -> tuple[Proposal, ...]:
    """What gives back the slots that *run* may hold."""
    about, state = run.attributes, run.progress.state
    if not about.tags or state is None or state.type not in HOLDING:
        return ()
    names = [TAG + tag for tag in dict.fromkeys(about.tags)]
    id = f"{proposal_id[:150]} {about.id}"
    return (EndLeasesOf(id=id, names=names, holder=_holder(about.id)),)


def _limited(question: Question[TaskRun]) -> list[str] | Ask:
    """The names of the limits that there are on the tags of the run."""
    tags = question.run.attributes.tags
    keys = {limit_name_key(TAG + tag): TAG + tag for tag in tags}
    seen = question.told.seen
    if keys.keys() - seen.keys():
        return Ask(look=tuple(keys))
    return [name for key, name in keys.items() if seen[key] is not None]


def _holder(id: UUID) -> Holder:
    return Holder(type="task_run", id=id)


def _id(question: Question[TaskRun], what: str) -> str:
    return str(derived_id(question.at, question.subject, question.proposal_id, what))


BEGIN_WITH_SLOTS_OF_THE_TAGS = Rule(
    name="SecureTaskConcurrencySlots",
    leaving=TYPES,
    entering=frozenset({StateType.RUNNING}),
    before=begin_with_slots_of_the_tags,
)
