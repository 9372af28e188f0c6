"""One rule processor of the bench, with rules or without: `processor URL BATCH [TEMPLATE RUN]`."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import uvloop
from msgspec import Struct, structs

from events.decisions import Decision, Recorded
from events.entities import Entity, FlowRun, flow_run_key
from events.log.redis import RedisEventLog
from events.streams import Streams
from events.wire.codec import decode_decision
from headgate.bus.connecting import connected
from headgate.clock import new_id, now
from headgate.reading import flow_run
from headgate.serving.running import collect_seldom
from services import rules
from services.rule_processor import RuleProcessor, decider


class WithoutRules(Struct, frozen=True):
    """What stands where the rules and the fold stood: an accepted transition, always the same."""

    decision: Decision
    run: FlowRun

    def decide(
        self, known: Mapping[str, Entity], proposal: Any, at: datetime, told: rules.Told
    ) -> Decision:
        del known, told
        return structs.replace(
            self.decision,
            proposal_id=proposal.id,
            subject=flow_run_key(proposal.flow_run_id),
            at=at,
        )

    def answered(self, known: Mapping[str, Entity], proposal: Any) -> None:
        del known, proposal

    def evolve(self, known: Mapping[str, Entity], recorded: Recorded) -> dict[str, Entity]:
        del known
        return {recorded.decision.subject: self.run}

    @property
    def NOTHING_TOLD(self) -> rules.Told:  # noqa: N802 - it stands where the package stood
        return rules.NOTHING_TOLD

    @property
    def echoed(self) -> Callable[..., Any]:
        return rules.echoed


async def without_rules(log: RedisEventLog, run: UUID) -> WithoutRules:
    """The last transition of *run*, to be repeated for ever."""
    found = await flow_run(log, run)
    assert found is not None
    entry_id = list(found.progress.decided.values())[-1]
    entry = await log.entry(log.streams.of_run(run), entry_id)
    assert entry is not None
    return WithoutRules(decode_decision(entry.body), found)


async def main(url: str, batch_max: int, template: UUID | None) -> None:
    redis = connected(url)
    log = RedisEventLog(redis, Streams())
    if template is not None:
        nothing = await without_rules(log, template)
        decider.__dict__.update(rules=nothing, evolve=nothing.evolve)
    processor = RuleProcessor(
        url=url, redis=redis, log=log, name=str(new_id()), now=now, batch_max=batch_max
    )
    await processor.run()
    await redis.aclose()


if __name__ == "__main__":
    collect_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2]), UUID(sys.argv[3]) if sys.argv[3:] else None))
