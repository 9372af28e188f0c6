"""What a pause asked for is looked at before the flow run is asked to go on with it.

Whoever answers a pause, over HTTP or over Redis, does it here: a bad answer is told the same.
"""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from msgspec import DecodeError, Struct, json, to_builtins

from events.entities import FlowRunInput, FlowRunInputs, flow_run_input_key, flow_run_inputs_key
from events.log import EventLog
from events.states import State
from events.wire.snapshots import entity_of

from .apart import hydrated, validated
from .values import NotHydrated, NotValid, SchemaUnusable
from .variables import Variables

NOT_PAUSED = "ResumeOnlyPausedRuns"
ANSWERED_ANOTHER = "AnswerTheCurrentPause"
ANSWERED_BEFORE = "StoreEachInputOnce"
"""The rules by which an answer may come to nothing, as decisions name them."""


class Answer(Struct, frozen=True):
    """An answer that fits the pause, as it will be stored."""

    run_input: dict[str, Any]


class Unfit(Struct, frozen=True):
    """The answer does not fit the pause, and why."""

    reason: str


class Inputs:
    """The inputs of flow runs, as their last decisions left them."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._variables = Variables(log)

    async def keys(self, flow_run_id: UUID) -> tuple[str, ...]:
        """The keys of a flow run's inputs, oldest first; none when there is no such run."""
        key = flow_run_inputs_key(flow_run_id)
        partition = self._log.streams.of_run(flow_run_id)
        found = entity_of(key, await self._log.snapshots(partition, [key]))
        return found.keys if isinstance(found, FlowRunInputs) else ()

    async def read(self, flow_run_id: UUID, keys: list[str]) -> list[FlowRunInput]:
        """Those of a flow run's inputs under *keys* that there are, in the order of *keys*."""
        if not keys:
            return []
        fields = [flow_run_input_key(flow_run_id, key) for key in keys]
        values = await self._log.snapshots(self._log.streams.of_run(flow_run_id), fields)
        found = (entity_of(field, [value]) for field, value in zip(fields, values, strict=True))
        return [each for each in found if isinstance(each, FlowRunInput)]

    async def fitting(
        self,
        flow_run_id: UUID,
        paused: State,
        run_input: Mapping[str, Any],
    ) -> Answer | Unfit:
        """*run_input* as the pause wants it; whoever is not asked anything says what he likes."""
        keyset, given = paused.state_details.run_input_keyset, to_builtins(dict(run_input))
        if not keyset:
            return Answer(given)
        stored = await self.read(flow_run_id, [keyset.get("schema", "")])
        schema = stored[0].value if stored else None
        return await fitting(given, schema, await self._variables.named_in(given))


async def fitting(
    run_input: dict[str, Any], schema: str | None, variables: Mapping[str, Any]
) -> Answer | Unfit:
    """*run_input*, hydrated, if it fits *schema*, JSON text."""
    made = await hydrated(run_input, variables)
    if isinstance(made, NotHydrated):
        return Unfit(f"Error hydrating run input: {made.reason}")
    if schema is None:
        return Unfit("Run input schema not found.")
    try:
        wanted = json.decode(schema)
    except (DecodeError, RecursionError):
        return Unfit("Run input schema is not valid JSON.")
    match await validated(made, wanted):
        case SchemaUnusable(reason):
            return Unfit(f"Invalid schema: {reason}")
        case NotValid(reason):
            return Unfit(f"Reason: {reason}")
        case None if isinstance(made, dict):
            return Answer(cast("dict[str, Any]", made))
        case None:
            return Unfit("Reason: Validation failed. Failure reason: the input is no object")
