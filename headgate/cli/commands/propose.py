"""`headgate propose` asks for a state and prints the decision."""

import asyncio
import sys
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from events.decisions import Outcome, Undecidable
from events.proposals import Proposal, ProposeFlowRunState
from events.states import ProposedState, StateType
from events.wire.codec import decode_proposal
from events.wire.replies import Answer

from ... import clock
from ...bus.connecting import redis_of
from ...client import Headgate
from ...errors import ForPeople, Misused
from ..console import coloured, out, plain
from ..where import HERE, Where

PROPOSAL_OF = "-"


def propose(
    run: Annotated[str, Parameter(allow_leading_hyphen=True)],
    state: StateType | None = None,
    /,
    *,
    name: str | None = None,
    message: str | None = None,
    force: bool = False,
    id: Annotated[str | None, Parameter(name="--id")] = None,
    where: Where = HERE,
) -> int:
    """Propose a state for a flow run and print the decision; ends with 1 unless it is ACCEPT.

    Parameters
    ----------
    run
        Id of the flow run; or `-` to read a whole proposal, as JSON, from standard input.
    state
        Type of the state.
    name
        Name of the state, when it is not that of its type.
    message
        What to say about it.
    force
        Ask the minimal policy, which hardly ever refuses.
    id
        Id of the proposal; giving the same id again yields the first answer.
    """
    proposal = _read() if run == PROPOSAL_OF else _made(run, state, name, message, force, id)
    answer = asyncio.run(_propose(proposal, where))
    _show(answer)
    return 0 if answer.outcome is Outcome.ACCEPT else 1


def _made(
    run: str,
    state: StateType | None,
    name: str | None,
    message: str | None,
    force: bool,
    id: str | None,
) -> Proposal:
    if state is None:
        raise Misused("which state? name its type, such as RUNNING")
    try:
        flow_run_id = UUID(run)
    except ValueError:
        raise Misused(f"{run} is not the id of a flow run, nor `-`") from None
    return ProposeFlowRunState(
        id=id or str(clock.new_id()),
        by="headgate propose",
        flow_run_id=flow_run_id,
        state=ProposedState(type=state, name=name, message=message),
        force=force,
    )


def _read() -> Proposal:
    proposal = decode_proposal(sys.stdin.buffer.read())
    if isinstance(proposal, Undecidable):
        where = f" at {proposal.field}" if proposal.field else ""
        raise ForPeople(f"this is not a proposal: {proposal.reason}{where}")
    return proposal


async def _propose(proposal: Proposal, where: Where) -> Answer:
    settings = where.settings()
    with redis_of(settings) as url:
        timeout_s = settings.reply_timeout_ms / 1000
        async with Headgate(url, prefix=settings.prefix, timeout_s=timeout_s) as headgate:
            return await headgate.propose(proposal)


def _show(answer: Answer) -> None:
    decision = answer.decided()
    console = out()
    console.print(
        coloured(answer.outcome, answer.outcome),
        plain(f"state={answer.state!r}") if answer.state else decision.subject,
        *([f"rule={decision.rule}"] if decision.rule else []),
        *([plain(f"reason={decision.reason}")] if decision.reason else []),
        *([f"delay={decision.delay_seconds}s"] if decision.delay_seconds else []),
        *(["(decided before)"] if answer.repeated else []),
        f"entry={answer.entry_id}",
        soft_wrap=True,
    )
