"""Names of streams and keys, and which partition a proposal belongs to. Nobody else spells them.

All keys of a partition carry the same hash tag, so that one script can touch them and a cluster
can spread the partitions.
"""

from typing import assert_never
from uuid import UUID

from msgspec import Struct

from .entities import TASK_CACHE
from .identity import cache_id_of, partition_of, task_run_id_of
from .proposals import (
    AmendFlow,
    AmendFlowRun,
    AmendLimit,
    AmendResource,
    AmendTaskRun,
    CacheTaskState,
    CreateFlowRun,
    CreateLimit,
    CreateTaskRun,
    DeleteFlow,
    DeleteFlowRun,
    DeleteInput,
    DeleteLimit,
    DeleteTaskRun,
    EndLease,
    EndLeasesOf,
    FireTimer,
    GiveSlots,
    Proposal,
    ProposeFlowRunState,
    ProposeTaskRunState,
    ReapLease,
    RecordTaskRun,
    RegisterFlow,
    RemoveResource,
    RenewLease,
    ResetLimit,
    ResumeFlowRun,
    StoreInput,
    StoreResource,
    TakeSlots,
    UnscheduleFlowRun,
    WriteLogs,
)

PROPOSAL_FIELD = "proposal"
"""The one field of a proposals entry; its value is the proposal's JSON."""

REPLY_FIELD = "reply"
"""The one field of a replies entry; its value is the reply's JSON."""


class Streams(Struct, frozen=True, kw_only=True):
    """The keys of one log of *partitions* partitions and the `control` partition beside them.

    *partitions* is fixed when the log is created. The control partition has the number after
    the last one.
    """

    partitions: int = 8
    prefix: str = "headgate"

    @property
    def control(self) -> int:
        return self.partitions

    def every(self) -> range:
        """All partitions, control included."""
        return range(self.partitions + 1)

    def name(self, partition: int) -> str:
        return "control" if partition == self.partitions else str(partition)

    def _key(self, partition: int, name: str) -> str:
        return f"{self.prefix}:{{{self.name(partition)}}}:{name}"

    @property
    def format(self) -> str:
        """A hash: the number of partitions and the version of the format."""
        return f"{self.prefix}:format"

    @property
    def workers(self) -> str:
        """A sorted set: live rule processors, by the millisecond until which they count."""
        return f"{self.prefix}:workers"

    @property
    def probe(self) -> str:
        """A string that is written to see whether Redis takes writes; it expires at once."""
        return f"{self.prefix}:probe"

    def proposals(self, partition: int) -> str:
        return self._key(partition, "proposals")

    def transitions(self, partition: int) -> str:
        return self._key(partition, "transitions")

    def dead_letters(self, partition: int) -> str:
        return self._key(partition, "dead_letters")

    def resubmitted(self, partition: int) -> str:
        """A hash: by the id of a dead letter, the proposals entry it was sent again as."""
        return self._key(partition, "resubmitted")

    def snapshots(self, partition: int) -> str:
        return self._key(partition, "snapshots")

    def head(self, partition: int) -> str:
        """A hash: the last entry, its hash, and the offset in the proposals."""
        return self._key(partition, "head")

    def lease(self, partition: int) -> str:
        return self._key(partition, "lease")

    def timers(self, partition: int) -> str:
        """A sorted set: what will be due, by millisecond, and the entry up to which it was set."""
        return self._key(partition, "timers")

    @property
    def notified(self) -> str:
        """A hash: by partition, the entry up to which all notifications are settled."""
        return self._key(self.control, "notified")

    @property
    def planned(self) -> str:
        """A hash: by deployment, what was planned of each of its schedules, and until when."""
        return self._key(self.control, "planned")

    def planning(self, deployment_id: UUID) -> str:
        """A lock: whose it is plans the deployment, and nobody else does meanwhile."""
        return self._key(self.control, f"planning:{deployment_id}")

    def waiting(self, partition: int, task_key: str) -> str:
        """A sorted set: task runs that wait for a worker of *task_key*, the first lowest."""
        return self._key(partition, f"waiting:{task_key}")

    def handed_out(self, partition: int, task_key: str) -> str:
        """A sorted set: those a worker has not acknowledged yet, by when they wait again."""
        return self._key(partition, f"handed_out:{task_key}")

    @property
    def task_workers(self) -> str:
        """A hash: by connection, a task worker, its tasks, and when it was noted last."""
        return self._key(self.control, "task_workers")

    @property
    def told(self) -> str:
        """A stream: events of clients that are no states of runs, as subscribers see them."""
        return self._key(self.control, "told")

    def replies(self, partition: int, client: str) -> str:
        return self._key(partition, f"replies:{client}")

    def of_run(self, id: UUID) -> int:
        return partition_of(id, self.partitions)

    def of_key(self, key: str, here: int) -> int:
        """The partition of the entity *key* that a proposal needs which is decided *here*."""
        if key.startswith(TASK_CACHE):
            return self.of_run(UUID(key.removeprefix(TASK_CACHE)))
        return here

    def of(self, proposal: Proposal) -> int:
        """The partition that decides *proposal*: its flow run's, or its task run's without one."""
        match proposal:
            # what comes most, first: to a struct, each class that it is not costs more than its own
            case ProposeFlowRunState() | CreateFlowRun() | AmendFlowRun() | DeleteFlowRun():
                return self.of_run(proposal.flow_run_id)
            case RecordTaskRun() | ProposeTaskRunState() | AmendTaskRun() | DeleteTaskRun():
                return self.of_run(proposal.flow_run_id or proposal.task_run_id)
            case WriteLogs():
                return self.of_run(proposal.run_id)
            case RegisterFlow() | AmendFlow() | DeleteFlow():
                return self.control
            case StoreResource() | AmendResource() | RemoveResource():
                return self.control
            case (
                TakeSlots()
                | GiveSlots()
                | RenewLease()
                | EndLease()
                | EndLeasesOf()
                | ReapLease()
                | CreateLimit()
                | AmendLimit()
                | DeleteLimit()
                | ResetLimit()
            ):
                return self.control
            case FireTimer() | UnscheduleFlowRun() | ResumeFlowRun() | StoreInput() | DeleteInput():
                return self.of_run(proposal.flow_run_id)
            case CreateTaskRun():
                id = proposal.flow_run_id or proposal.task_run_id
                return self.of_run(
                    id or task_run_id_of(None, proposal.task_key, proposal.dynamic_key)
                )
            case CacheTaskState():
                return self.of_run(cache_id_of(proposal.key))
        assert_never(proposal)
