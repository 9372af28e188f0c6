"""Events by which engines tell of their task runs, as proposals to record them."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw, Struct, structs

from events.proposals import RecordedFields, RecordTaskRun
from events.states import DEFAULT_NAMES, NO_DETAILS, State, StateDetails, StateType, stored_data
from events.told.event import RESOURCE_ID, RESOURCE_ROLE, SentEvent

TASK_RUN = "prefect.task-run"
FLOW_RUN_ID = "prefect.flow-run."
TASK_RUN_ID = "prefect.task-run."


class _ValidatedState(Struct, frozen=True):
    type: StateType
    name: str | None = None
    message: str | None = None
    state_details: StateDetails | None = None
    data: Any = None


class _Payload(Struct, frozen=True):
    validated_state: _ValidatedState
    task_run: RecordedFields


class _LoosePayload(Struct, frozen=True):
    validated_state: _ValidatedState
    task_run: dict[str, Any]


_loose_payloads = msgspec.json.Decoder(_LoosePayload)
_payloads = msgspec.json.Decoder(_Payload)


def is_of_engine(event: SentEvent) -> bool:
    """Whether *event* tells of a task run whose state an engine has decided itself."""
    return (
        event.event.startswith(TASK_RUN) and event.resource.get("prefect.orchestration") == "client"
    )


def recording(event: SentEvent, id: UUID, by: str | None = None) -> RecordTaskRun:
    """The proposal that *event*, whose id is *id* and which came from *by*, stands for.

    Raises `msgspec.ValidationError` or ValueError when it does not say enough.
    """
    task_run_id = _uuid_after(TASK_RUN_ID, event.resource.get(RESOURCE_ID, ""))
    flow_run_id = _flow_run_id(event)
    payload = _payload(event.payload)
    told = payload.validated_state
    details = structs.replace(
        told.state_details or NO_DETAILS, flow_run_id=flow_run_id, task_run_id=task_run_id
    )
    state = State(
        id=id,
        type=told.type,
        name=DEFAULT_NAMES[told.type] if told.name is None else told.name,
        timestamp=event.occurred,
        message=told.message,
        data=stored_data(told.data),
        state_details=details,
    )
    return RecordTaskRun(
        id=str(id),
        by=by,
        task_run_id=task_run_id,
        flow_run_id=flow_run_id,
        state=state,
        task_run=payload.task_run,
    )


def _payload(raw: Raw) -> _Payload:
    try:
        return _payloads.decode(raw)
    except msgspec.ValidationError:
        # Engines leave nulls out; whoever sends them means the same.
        loose = _loose_payloads.decode(raw)
        told = {key: value for key, value in loose.task_run.items() if value is not None}
        if len(told) == len(loose.task_run):
            raise
        return _Payload(loose.validated_state, msgspec.convert(told, RecordedFields))


def _flow_run_id(event: SentEvent) -> UUID | None:
    for related in event.related:
        if related.get(RESOURCE_ROLE) == "flow-run":
            return _uuid_after(FLOW_RUN_ID, related.get(RESOURCE_ID, ""))
    return None


def _uuid_after(prefix: str, resource_id: str) -> UUID:
    if not resource_id.startswith(prefix):
        raise ValueError(f"expected a resource id that starts with {prefix!r}, got {resource_id!r}")
    return UUID(resource_id[len(prefix) :])
