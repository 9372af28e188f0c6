"""Notifications: policies say which states of flow runs are told to whom, records what was sent."""

from enum import StrEnum
from uuid import UUID

from ..instants import Instant
from .resource import Kind, Parent, Resource


class FlowRunNotificationPolicy(
    Resource, frozen=True, kw_only=True, tag="flow_run_notification_policy.v1"
):
    """Who enters one of the states and has one of the tags is told of through a block.

    Without states it is any state, without tags any run. Without a template the text is ours.
    """

    is_active: bool = True
    state_names: list[str]
    tags: list[str]
    block_document_id: UUID
    message_template: str | None = None


class Sending(StrEnum):
    """What became of a notification; the values are the wire format."""

    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Notification(Resource, frozen=True, kw_only=True, tag="notification.v1"):
    """The sending of one policy about one state of a flow run; whoever stored it sends it.

    *until* is when a claim is over, *detail* why nothing was sent, or it is not known.
    """

    policy_id: UUID
    flow_run_id: UUID
    state_id: UUID
    state_name: str
    outcome: Sending = Sending.CLAIMED
    detail: str | None = None
    attempts: int = 0
    until: Instant | None = None


FLOW_RUN_NOTIFICATION_POLICY = Kind(
    type=FlowRunNotificationPolicy,
    parent=Parent("block_document", "block_document_id"),
    shown=("is_active",),
)
NOTIFICATION = Kind(
    type=Notification,
    keys=(("policy_id", "state_id"),),
    parent=Parent("flow_run_notification_policy", "policy_id", is_listed=False),
    fixed=frozenset({"policy_id", "flow_run_id", "state_id", "state_name"}),
    shown=("flow_run_id", "outcome"),
)
