"""Frames of the worker's socket: what a worker says, what it is told, and how it is dismissed."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Raw, Struct

from ..rendering.work_pools import WorkPoolResponse

VERSION = "work_pool_worker_channel.v1"
CLEANUP = "cleanup_delivery.v1"
REQUIRED = ("worker_heartbeat.v1", "work_pool_snapshot.v1")
"""What a worker must ask for, and gets."""

Text = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[int, Meta(gt=0, le=2**31 - 1)]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A closed family: each side refuses what it does not know."""


class HelloPayload(_Part, frozen=True, kw_only=True):
    """Who the worker is, and what it wants."""

    consumer_id: UUID
    worker_name: Text
    worker_type: Text
    heartbeat_interval_seconds: Seconds
    supported_channel_versions: Annotated[list[Text], Meta(min_length=1)]
    requested_capabilities: Annotated[list[Text], Meta(min_length=1)]
    work_queue_names: list[Text] = []
    handled_cleanup_kinds: list[
        Literal["cancelling_timeout_teardown.v1", "pending_claim_teardown.v1"]
    ] = []
    max_cleanup_concurrency: Annotated[int, Meta(ge=0)] = 0
    create_pool_if_not_found: bool = False
    default_base_job_template: dict[str, Any] = {}
    worker_metadata: dict[str, Any] | None = None

    @property
    def is_sound(self) -> bool:
        """Whether it asks for what there must be, and for no more than it has asked for."""
        cleans_up = bool(self.handled_cleanup_kinds or self.max_cleanup_concurrency)
        asked = set(self.requested_capabilities)
        return asked.issuperset(REQUIRED) and (CLEANUP in asked or not cleans_up)


class Hello(_Part, frozen=True, kw_only=True, tag="worker.hello.v1", tag_field="type"):
    """The first frame."""

    id: UUID
    sent_at: datetime
    payload: HelloPayload


class HeartbeatPayload(_Part, frozen=True, kw_only=True):
    """Who is alive."""

    consumer_id: UUID
    worker_name: Text
    heartbeat_interval_seconds: Seconds


class Heartbeat(_Part, frozen=True, kw_only=True, tag="worker.heartbeat.v1", tag_field="type"):
    """A sign of life."""

    id: UUID
    sent_at: datetime
    payload: HeartbeatPayload


class Queue(Struct, frozen=True):
    """A queue that the worker asks for runs."""

    id: UUID
    name: str


class Snapshot(Struct, frozen=True):
    """The worker's pool; numbers count up from 1 on each connection."""

    snapshot_sequence: int
    reason: str
    work_pool: WorkPoolResponse | Raw


class ReadyPayload(Struct, frozen=True, kw_only=True):
    """What the worker gets of what it wanted."""

    consumer_id: UUID
    worker_id: UUID | None
    selected_channel_version: str
    effective_heartbeat_interval_seconds: int
    accepted_capabilities: tuple[str, ...]
    rejected_capabilities: list[str]
    effective_max_cleanup_concurrency: int
    resolved_work_queues: list[Queue]
    initial_snapshot: Snapshot


class Ready(Struct, frozen=True, kw_only=True, tag="worker.ready.v1", tag_field="type"):
    """The answer to the first frame."""

    id: UUID
    sent_at: datetime
    payload: ReadyPayload


class PoolChanged(Struct, frozen=True, kw_only=True, tag="work_pool.snapshot.v1", tag_field="type"):
    """The pool is so from now on."""

    id: UUID
    sent_at: datetime
    payload: Snapshot


class Close(Struct, frozen=True):
    """How a worker is dismissed; with 1011 it comes back, with the others it goes on without."""

    code: int
    reason: str


AUTHENTICATION_FAILED = "authentication_failed"
AUTHORIZATION_FAILED = Close(1008, "authorization_failed")
UNSUPPORTED_VERSION = Close(1008, "unsupported_version")
PROTOCOL_ERROR = Close(1002, "protocol_error")
HEARTBEAT_FAILED = Close(1011, "heartbeat_persistence_failed")
TRANSIENT_ERROR = Close(1011, "transient_server_error")
