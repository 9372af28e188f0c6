"""What every route and socket of one gateway process works with."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from msgspec import structs

from events.entities import (
    Alias,
    Entity,
    Flow,
    FlowRun,
    TaskRun,
    flow_key,
    flow_name_key,
    flow_run_key,
    task_run_key,
)
from events.log import START, EventLog
from events.proposals import CreateTaskRun, Proposal, ProposeTaskRunState
from events.resources.administration.api_keys import ApiKey
from events.resources.registry import name_key, resource_key
from events.resources.resource import Resource, kind_name
from events.wire.replies import Answer, Unanswered
from events.wire.snapshots import entity_of, fields_of

from ..answering import Inputs
from ..blocks.sealing import Seal
from ..variables import Variables
from .access import Access, calling
from .background import Bell, TaskWorkers, Waiting
from .event_stream.descriptions import Descriptions, Readers
from .event_stream.feed import Feed
from .event_stream.log_lines import LogLines
from .event_stream.pools import Pools
from .event_stream.tail import Decided, Tail
from .event_stream.told import Telling, Told
from .guards.allow_list import AllowList
from .guards.csrf import Csrf
from .http.bodies import path_of
from .http.errors import detail, failed, invalid
from .limits import GatewayLimits
from .proposing import Proposing
from .recent import Recent
from .views import Views
from .writes import OwnWrites, place, until

R = TypeVar("R", bound=Resource)


class Context:
    """The dependencies of the gateway, and what it may do with them."""

    def __init__(
        self,
        *,
        proposer: Proposing,
        log: EventLog,
        views: Views,
        waiting: Waiting,
        task_workers: TaskWorkers,
        told: Told,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        limits: GatewayLimits,
        seal: Seal,
        auth_string: str | None = None,
        keys_required: bool = False,
        outages: tuple[type[Exception], ...] = (),
        csrf: Csrf | None = None,
        allow_list: AllowList | None = None,
    ) -> None:
        self.proposer = proposer
        self.log = log
        self.streams = log.streams
        self.views = views
        self.told = told
        self.last_told = START
        self.now = now
        self.new_id = new_id
        self.limits = limits
        self.access = Access(auth_string, self._key_of, now, keys_required=keys_required)
        self.seal = seal
        self.csrf = csrf
        self.allow_list = allow_list or AllowList(now)
        self.outages = outages
        self.waiting = waiting
        self.task_workers = task_workers
        self.enqueued = Bell()
        self.inputs = Inputs(log)
        self.variables = Variables(log)
        self.writes = OwnWrites(views, log, limits.views_wait_s)
        self._tail = Tail(Decided(log), outages)
        self._told_tail = Tail(Telling(told), outages)
        self.feed = Feed(
            self._tail,
            self._told_tail,
            Descriptions(Readers(self.flow_run, self.flow, self.task_run, self._task_run_in)),
            limits.socket_backlog_bytes_max,
        )
        self.log_lines = LogLines(self._tail, limits.socket_backlog_bytes_max)
        self.pools = Pools(self._tail, limits.socket_backlog_bytes_max)
        self._known_runs: Recent[UUID, bool] = Recent(limits.known_runs_max)
        self._task_places: Recent[UUID, int] = Recent(limits.known_runs_max)

    async def start(self) -> None:
        """Know what must be known before the first request."""
        await self.allow_list.start(self._stored, self.outages)

    async def stop(self) -> None:
        """End what runs in the background."""
        await self.allow_list.stop()
        await self.writes.stop()
        await self._tail.stop()
        await self._told_tail.stop()

    async def told_is_visible(self) -> None:
        """Wait, bounded, until the views show what this gateway wrote and was told so far."""
        await self.writes.are_visible()
        last = place(self.last_told)
        await until(lambda told: place(told) >= last, self.views.told, self.limits.views_wait_s)

    async def propose(self, proposal: Proposal) -> Answer | Unanswered:
        """The decision on *proposal*, or why there can be none."""
        by = calling.get().name
        if by is not None:
            proposal = structs.replace(proposal, by=by)
        answer = await self.proposer.propose(proposal)
        if isinstance(answer, Answer):
            self.writes.decided(self.streams.of(proposal), answer.entry_id)
            if _is_deferred(proposal):
                self.enqueued.ring()
        return answer

    async def ask(self, proposal: Proposal) -> Answer:
        """The decision on *proposal*; raises `Refused` when there can be none."""
        answer = await self.propose(proposal)
        if isinstance(answer, Answer):
            return answer
        if answer.missing:
            raise failed(404, answer.reason)
        _, path = path_of(f"{answer.reason} - at `$.{answer.field}`" if answer.field else "")
        raise invalid(answer.reason, "body", *path)

    async def flow(self, id: UUID) -> Flow | None:
        """The flow *id* as of its last decision."""
        found = await self._entity(self.streams.control, flow_key(id))
        return found if isinstance(found, Flow) else None

    async def flow_named(self, name: str) -> Flow | None:
        """The flow called *name*."""
        alias = await self._entity(self.streams.control, flow_name_key(name))
        return await self.flow(alias.id) if isinstance(alias, Alias) else None

    async def resource(self, type: type[R], id: UUID) -> R | None:
        """The resource *id* as of its last decision."""
        found = await self._entity(self.streams.control, resource_key(kind_name(type), id))
        return found if isinstance(found, type) else None

    async def resource_named(self, type: type[R], **key: object) -> R | None:
        """The resource that has this natural key, its fields in the order of the kind's."""
        alias = await self._entity(self.streams.control, name_key(type, **key))
        return await self.resource(type, alias.id) if isinstance(alias, Alias) else None

    async def flow_run(self, id: UUID) -> FlowRun | None:
        """The flow run *id* as of its last decision."""
        found = await self._entity(self.streams.of_run(id), flow_run_key(id))
        if not isinstance(found, FlowRun):
            return None
        self._known_runs.put(id, True)
        return found

    async def has_flow_run(self, id: UUID) -> bool:
        """Whether there is a flow run *id*; remembered, for most runs stay."""
        if self._known_runs.get(id):
            return True
        key = flow_run_key(id)
        if (await self.log.snapshots(self.streams.of_run(id), [key]))[0] is None:
            return False
        self._known_runs.put(id, True)
        return True

    def flow_run_is_gone(self, id: UUID) -> None:
        """Note that there is no flow run *id* any more."""
        self._known_runs.forget(id)

    async def task_run(self, id: UUID) -> TaskRun | None:
        """The task run *id* as of its last decision, wherever it lives.

        What engines told of it on a socket of this gateway is decided first.
        """
        await self.writes.are_decided()
        key = task_run_key(id)
        place = self._task_places.get(id)
        if place is not None:
            found = await self._task_run_in(place, id)
            if found is not None:
                return found
        everywhere = await self.log.snapshots_everywhere(fields_of(key))
        for partition, values in everywhere.items():
            found = entity_of(key, values)
            if isinstance(found, TaskRun):
                self.task_run_lives(id, partition)
                return found
        return None

    async def _task_run_in(self, partition: int, id: UUID) -> TaskRun | None:
        found = await self._entity(partition, task_run_key(id))
        return found if isinstance(found, TaskRun) else None

    def task_run_lives(self, id: UUID, partition: int) -> None:
        """Note where the task run *id* is, which its id does not say."""
        self._task_places.put(id, partition)

    async def _key_of(self, hash: str) -> ApiKey | None:
        return await self.resource_named(ApiKey, hash=hash)

    async def _stored(self, key: str) -> list[bytes | None]:
        return await self.log.snapshots(self.streams.control, fields_of(key))

    async def _entity(self, partition: int, key: str) -> Entity | None:
        return entity_of(key, await self.log.snapshots(partition, fields_of(key)))


def _is_deferred(proposal: Proposal) -> bool:
    """Whether a task run may wait for a worker now."""
    match proposal:
        case CreateTaskRun(state=state) | ProposeTaskRunState(state=state) if state is not None:
            return bool(state.state_details.deferred)
        case _:
            return False


def existing(found: FlowRun | None) -> FlowRun:
    """*found*, or the 404 of a flow run."""
    if found is None:
        raise detail(404, "Flow run not found")
    return found
