"""A batch decided: what the log, the snapshots and the proposers get from it, in one commit.

Pure: it works on copies of what is known and leaves nothing behind when the commit fails.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from msgspec import Raw, Struct, structs

from events.changes import TaskRunEnqueued
from events.decisions import Decision, Recorded, Undecidable
from events.entities import Entity, FlowRun, TaskRun
from events.evolve import Changed, evolve, learn
from events.instants import instant_of
from events.log import Commit, DeadLetter, Enqueued, Head, Reply
from events.log.chain import sealed
from events.proposals import (
    CreateFlowRun,
    CreateTaskRun,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
)
from events.states import State
from events.streams import Streams
from events.wire.codec import Sender, decode_decision, encode, sender_of
from events.wire.replies import Answer, Unanswered
from events.wire.snapshots import fields_of, written

from .. import rules
from ..rules import TERMS, Ask, Terms, Told
from .batch import Arrival

_log = logging.getLogger(__name__)

BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a rule raises when it has a bug: the proposal becomes a dead letter, its neighbours live."""


class Decided(Struct, frozen=True, kw_only=True):
    """A commit, the entities as they are once it stands, and what must be forwarded then."""

    commit: Commit
    changed: Changed
    follow_ups: Sequence[Proposal]
    repeated: int


class Draft:
    """The commit that a batch will be, while it is decided.

    *known* are the entities that the batch needs, as stored at *head*; *time_ms* is now, and
    *terms* are those of the rules. Once
    all is settled, `wanted` names the entries that must be read before it can be finished.
    """

    def __init__(
        self,
        *,
        streams: Streams,
        partition: int,
        head: Head,
        known: Mapping[str, Entity],
        time_ms: int,
        terms: Terms = TERMS,
    ) -> None:
        self._streams = streams
        self._partition = partition
        self._head = head
        self._stored = known
        self._known = dict(known)
        self._time_ms = max(time_ms, head.time_ms)
        self._bodies: list[tuple[str, bytes]] = []
        self._changed: dict[str, Entity | None] = {}
        self._replies: list[Reply] = []
        self._letters: list[DeadLetter] = []
        self._enqueued: list[Enqueued] = []
        self._follow_ups: list[Proposal] = []
        self._repeats: list[tuple[Proposal, str]] = []
        self._aside: list[Arrival] = []
        self._runs_aside: set[UUID] = set()
        self._asks: dict[str, Ask] = {}
        self._told: dict[str, Told] = {}
        self._untold = Told(terms=terms)

    @property
    def wanted(self) -> set[str]:
        """The earlier entries that answer repeats for which somebody waits."""
        return {
            entry_id
            for proposal, entry_id in self._repeats
            if proposal.reply_to is not None
            and int(entry_id.partition("-")[2]) <= self._head.position
        }

    @property
    def asks(self) -> dict[str, Ask]:
        """What has to be told before all is settled, by the offsets of the proposals."""
        return self._asks

    def settle(self, arrival: Arrival) -> None:
        """Decide one proposal, repeat its first answer, or say why neither is possible.

        One that asks, and what comes after it about the same run, is set aside until `resume`.
        """
        proposal = arrival.proposal
        if isinstance(proposal, Undecidable):
            self._refuse(arrival, proposal)
            return
        if self._runs_aside and not self._runs_aside.isdisjoint(_runs_of(proposal)):
            self._aside.append(arrival)
            return
        home = self._streams.of(proposal)
        if home != self._partition:
            reason = f"belongs to partition {self._streams.name(home)}"
            self._refuse(arrival, Undecidable(reason=reason))
            return
        first = rules.answered(self._known, proposal)
        if first is not None:
            self._repeats.append((proposal, first))
            return
        try:
            self._decide(arrival, proposal)
        except BROKEN as bug:
            _log.exception("proposal %s at %s breaks the rules", proposal.id, arrival.offset)
            self._refuse(arrival, Undecidable(reason=f"internal error: {bug!r}"))

    def resume(self, told: Mapping[str, Told]) -> None:
        """Settle what was set aside, in its order, with the answers to what it asked."""
        aside, self._aside = self._aside, []
        self._runs_aside, self._asks = set(), {}
        self._told |= told
        for arrival in aside:
            self.settle(arrival)

    def told(self, offset: str) -> Told:
        """What the proposal at *offset* was told so far."""
        return self._told.get(offset, self._untold)

    def finished(self, offset: str, lease: str | None, earlier: Mapping[str, bytes]) -> Decided:
        """The commit that answers everything up to *offset*; *earlier* are the wanted bodies."""
        entries = sealed(self._head, self._time_ms, self._bodies)
        if self._repeats:
            answers = {**earlier, **{entry.entry_id: entry.body for entry in entries}}
            for proposal, entry_id in self._repeats:
                self._repeat(proposal, entry_id, answers.get(entry_id))
        head = structs.replace(self._head, offset=offset)
        if entries:
            last = entries[-1]
            position = self._head.position + len(entries)
            head = Head(time_ms=self._time_ms, position=position, hash=last.hash, offset=offset)
        snapshots = {
            field: value
            for key, entity in self._changed.items()
            if entity is not None
            for field, value in written(key, self._stored.get(key), entity)
        }
        forgotten = [
            field
            for key, entity in self._changed.items()
            if entity is None
            for field in fields_of(key)
        ]
        commit = Commit(
            expected=self._head,
            head=head,
            entries=entries,
            snapshots=snapshots,
            forgotten=forgotten,
            replies=self._replies,
            dead_letters=self._letters,
            enqueued=self._enqueued,
            lease=lease,
        )
        return Decided(
            commit=commit,
            changed=self._changed,
            follow_ups=self._follow_ups,
            repeated=len(self._repeats),
        )

    def _decide(self, arrival: Arrival, proposal: Proposal) -> None:
        at = proposal.at
        if at is None:
            at = instant_of(int(arrival.offset.partition("-")[0]) * 1_000)
        decision = rules.decide(self._known, proposal, at, self.told(arrival.offset))
        if not isinstance(decision, Decision):
            self._put_off(arrival, proposal, decision)
            return
        recorded = Recorded(
            partition=self._partition,
            position=self._head.position + len(self._bodies) + 1,
            time_ms=self._time_ms,
            decision=decision,
        )
        changed = evolve(self._known, recorded)
        body = encode(decision)
        reply = None
        if proposal.reply_to is not None:
            subject = changed.get(decision.subject) or self._known.get(decision.subject)
            reply = _reply_of(proposal, recorded.entry_id, decision, body, subject)
        # Nothing below can fail: a proposal is in the draft as a whole or not at all.
        learn(self._known, changed)
        self._changed |= changed
        self._bodies.append((proposal.id, body))
        self._follow_ups += decision.follow_ups
        for change in decision.changes:
            if isinstance(change, TaskRunEnqueued):
                self._enqueued.append(_enqueued_by(recorded, change))
        if reply is not None:
            self._replies.append(reply)

    def _put_off(self, arrival: Arrival, proposal: Proposal, why: Undecidable | Ask) -> None:
        """Refuse what cannot be decided, and set aside what cannot be decided yet."""
        if isinstance(why, Undecidable):
            self._refuse(arrival, why)
            return
        self._asks[arrival.offset] = why
        self._aside.append(arrival)
        self._runs_aside.update(_runs_of(proposal))

    def _repeat(self, proposal: Proposal, entry_id: str, body: bytes | None) -> None:
        if proposal.reply_to is None:
            return
        if body is None:
            reason = f"decided before, as entry {entry_id}, which is not kept here any more"
            self._reply(proposal, Unanswered(proposal_id=proposal.id, reason=reason))
            return
        decision = decode_decision(body)
        subject = self._known.get(decision.subject)
        reply = _reply_of(proposal, entry_id, decision, body, subject, repeated=True)
        if reply is not None:
            self._replies.append(reply)

    def _reply(self, sender: Proposal | Sender, reply: Unanswered) -> None:
        if sender.reply_to is not None:
            body = encode(reply)
            self._replies.append(Reply(to=sender.reply_to, proposal_id=sender.id, body=body))

    def _refuse(self, arrival: Arrival, why: Undecidable) -> None:
        self._letters.append(
            DeadLetter(offset=arrival.offset, body=arrival.body, reason=why.reason, field=why.field)
        )
        sender: Proposal | Sender | None
        if isinstance(arrival.proposal, Undecidable):
            sender = sender_of(arrival.body)
        else:
            sender = arrival.proposal
        if sender is not None:
            reply = Unanswered(
                proposal_id=sender.id, reason=why.reason, field=why.field, missing=why.missing
            )
            self._reply(sender, reply)


def _runs_of(proposal: Proposal) -> Iterator[UUID]:
    """The runs that *proposal* is about: what is asked about one of them keeps its order."""
    for field in ("flow_run_id", "task_run_id"):
        id = getattr(proposal, field, None)
        if id is not None:
            yield id


RETRIES_FIRST_MS = 10**13
"""More milliseconds than any instant has: what is retried goes before all that is not."""


def _enqueued_by(recorded: Recorded, change: TaskRunEnqueued) -> Enqueued:
    """The task run that waits for a worker from now on."""
    id = str(recorded.decision.subject_id)
    first = RETRIES_FIRST_MS if change.queue == "retry" else 0
    return Enqueued(change.task_key, id, recorded.time_ms - first)


def _reply_of(
    proposal: Proposal,
    entry_id: str,
    decision: Decision,
    body: bytes,
    subject: Entity | None,
    *,
    repeated: bool = False,
) -> Reply | None:
    """The answer for whoever waits for it; *subject* is what was decided on, as it is now."""
    if proposal.reply_to is None:
        return None
    answer = Answer(
        proposal_id=proposal.id,
        entry_id=entry_id,
        outcome=decision.outcome,
        decision=Raw(body),
        state=_state_after(decision, subject, proposal),
        repeated=repeated,
    )
    return Reply(to=proposal.reply_to, proposal_id=proposal.id, body=encode(answer))


def _state_after(decision: Decision, subject: Entity | None, proposal: Proposal) -> State | None:
    """The state that *decision* entered as its proposer sees it, or else the one the run is in."""
    match proposal:
        case (
            ProposeFlowRunState(state=proposed)
            | ProposeTaskRunState(state=proposed)
            | CreateFlowRun(state=proposed)
            | CreateTaskRun(state=proposed)
        ) if proposed is not None:
            state = rules.echoed(decision, proposed)
        case _:
            state = None
    if state is not None:
        return state
    return subject.progress.state if isinstance(subject, FlowRun | TaskRun) else None
