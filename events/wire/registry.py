"""Every message there is, by its name on the wire."""

from typing import Any, get_args

from ..changes import Change
from ..decisions import Decision
from ..entities import (
    Alias,
    Flow,
    FlowRunAttributes,
    FlowRunInput,
    FlowRunInputs,
    FlowRunProgress,
    Members,
    TaskCache,
    TaskRunAttributes,
    TaskRunProgress,
)
from ..proposals import Proposal
from ..resources.registry import KINDS
from ..slots import ConcurrencyLease, ConcurrencyLimit, SlotsDecided
from .replies import Answer, Unanswered
from .upcasts import RETIRED_PROPOSALS

PROPOSALS: tuple[type, ...] = get_args(Proposal)
CHANGES: tuple[type, ...] = get_args(Change)
SNAPSHOTS: tuple[type, ...] = (
    Alias,
    ConcurrencyLease,
    ConcurrencyLimit,
    Flow,
    FlowRunAttributes,
    FlowRunInput,
    FlowRunInputs,
    FlowRunProgress,
    Members,
    SlotsDecided,
    TaskCache,
    TaskRunAttributes,
    TaskRunProgress,
    *(kind.type for kind in KINDS.values()),
)


def name_of(message: type) -> str:
    """The wire name of a message class, such as `create_flow_run.v1`."""
    described: Any = message
    return described.__struct_config__.tag  # `inspect.type_info` would describe all that is in it


MESSAGES = {
    name_of(message): message
    for message in (
        *PROPOSALS,
        *RETIRED_PROPOSALS,
        *CHANGES,
        *SNAPSHOTS,
        Decision,
        Answer,
        Unanswered,
    )
}
"""All shapes ever written, retired ones included."""
