"""Notification policies: kept, changed, listed and deleted; and what was sent by one."""

from functools import partial
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from events.given import given_fields
from events.instants import Instant
from events.queries import NotificationPolicyQuery, NotificationQuery
from events.resources.blocks import BlockDocument
from events.resources.notifications import FlowRunNotificationPolicy, Notification, Sending

from ...values import wrong_with
from ..context import Context
from ..http.calls import Call
from ..http.errors import NO_CONTENT, Reply, answered, detail, invalid
from ..http.operations import Operation
from ..resources import amend, existing, listed, missing, removed, store
from .bodies import Body

NO_BLOCK = "Block document not found"


class FlowRunNotificationPolicyCreate(Body, frozen=True, kw_only=True):
    """A policy to keep."""

    state_names: list[str]
    tags: list[str]
    block_document_id: UUID
    is_active: bool = True
    message_template: str | None = None


class FlowRunNotificationPolicyUpdate(Body, frozen=True, kw_only=True):
    """What of a policy to change; what is absent stays."""

    state_names: list[str] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    block_document_id: UUID | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    message_template: str | None | UnsetType = UNSET


class FlowRunNotificationPolicyResponse(Struct, frozen=True, kw_only=True):
    """A policy."""

    id: UUID
    created: Instant
    updated: Instant
    is_active: bool
    state_names: list[str]
    tags: list[str]
    block_document_id: UUID
    message_template: str | None


class NotificationResponse(Struct, frozen=True, kw_only=True):
    """What became of one notification; when it was claimed, and when that was noted."""

    id: UUID
    created: Instant
    updated: Instant
    policy_id: UUID
    flow_run_id: UUID
    state_id: UUID
    state_name: str
    outcome: Sending
    detail: str | None
    attempts: int


async def create_flow_run_notification_policy(context: Context, call: Call) -> Reply:
    """Keep a policy."""
    given = call.as_a(FlowRunNotificationPolicyCreate)
    _check(given.message_template)
    if await context.resource(BlockDocument, given.block_document_id) is None:
        raise detail(404, NO_BLOCK)
    made = FlowRunNotificationPolicy(
        id=context.new_id(),
        is_active=given.is_active,
        state_names=given.state_names,
        tags=given.tags,
        block_document_id=given.block_document_id,
        message_template=given.message_template,
    )
    policy, status = await store(context, made)
    return answered(_shown(policy), status)


async def update_flow_run_notification_policy(context: Context, call: Call) -> Reply:
    """Change a policy."""
    given = given_fields(call.as_a(FlowRunNotificationPolicyUpdate))
    _check(given.get("message_template"))
    policy = await existing(context, FlowRunNotificationPolicy, call.id)
    block_id = given.get("block_document_id", policy.block_document_id)
    if await context.resource(BlockDocument, block_id) is None:
        raise detail(404, NO_BLOCK)
    await amend(context, FlowRunNotificationPolicy, policy.id, given)
    return NO_CONTENT


async def read_flow_run_notification_policy(context: Context, call: Call) -> Reply:
    """A policy."""
    return answered(_shown(await existing(context, FlowRunNotificationPolicy, call.id)))


async def read_flow_run_notification_policies(context: Context, call: Call) -> Reply:
    """A page of policies."""
    query = call.as_query(NotificationPolicyQuery)
    found = await listed(context, FlowRunNotificationPolicy, query)
    return answered([_shown(one) for one in found])


async def delete_flow_run_notification_policy(context: Context, call: Call) -> Reply:
    """Forget a policy; what was sent by it stays known."""
    return await removed(context, FlowRunNotificationPolicy, call.id)


async def read_notifications(context: Context, call: Call) -> Reply:
    """A page of what was sent by a policy, even one that is deleted."""
    query = call.as_query(NotificationQuery)
    found = await listed(context, Notification, query, call.id)
    if not found and await context.resource(FlowRunNotificationPolicy, call.id) is None:
        raise missing(FlowRunNotificationPolicy)
    return answered([_sent(one) for one in found])


def _check(template: str | None) -> None:
    """Raise `Refused` when *template* is none."""
    wrong = None if template is None else wrong_with(template)
    if wrong is not None:
        raise invalid(wrong, "body", "message_template")


def _shown(policy: FlowRunNotificationPolicy) -> FlowRunNotificationPolicyResponse:
    return FlowRunNotificationPolicyResponse(
        id=policy.id,
        created=policy.created,
        updated=policy.updated,
        is_active=policy.is_active,
        state_names=policy.state_names,
        tags=policy.tags,
        block_document_id=policy.block_document_id,
        message_template=policy.message_template,
    )


def _sent(notification: Notification) -> NotificationResponse:
    return NotificationResponse(
        id=notification.id,
        created=notification.created,
        updated=notification.updated,
        policy_id=notification.policy_id,
        flow_run_id=notification.flow_run_id,
        state_id=notification.state_id,
        state_name=notification.state_name,
        outcome=notification.outcome,
        detail=notification.detail,
        attempts=notification.attempts,
    )


_operation = partial(Operation, tag="Flow Run Notification Policies")
ALL = "/flow_run_notification_policies"
BY_ID = f"{ALL}/{{id:uuid}}"

OPERATIONS = (
    _operation(method="POST", path=f"{ALL}/", handler=create_flow_run_notification_policy,
               summary="Create Flow Run Notification Policy",
               takes=FlowRunNotificationPolicyCreate, gives=FlowRunNotificationPolicyResponse,
               statuses=(201,)),
    _operation(method="POST", path=f"{ALL}/filter", handler=read_flow_run_notification_policies,
               summary="Read Flow Run Notification Policies", takes=NotificationPolicyQuery,
               gives=list[FlowRunNotificationPolicyResponse]),
    _operation(method="POST", path=f"{BY_ID}/notifications/filter", handler=read_notifications,
               summary="Read Notifications", takes=NotificationQuery,
               gives=list[NotificationResponse]),
    _operation(method="GET", path=BY_ID, handler=read_flow_run_notification_policy,
               summary="Read Flow Run Notification Policy",
               gives=FlowRunNotificationPolicyResponse),
    _operation(method="PATCH", path=BY_ID, handler=update_flow_run_notification_policy,
               summary="Update Flow Run Notification Policy",
               takes=FlowRunNotificationPolicyUpdate, statuses=(204,)),
    _operation(method="DELETE", path=BY_ID, handler=delete_flow_run_notification_policy,
               summary="Delete Flow Run Notification Policy", statuses=(204,)),
)  # fmt: skip
