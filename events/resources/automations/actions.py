"""Actions: what an automation does; upon a resource that is selected, or inferred from events."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import Meta, Struct

from ...states import StateType


class _Action(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A closed family; its members are listed in `Action`."""


class _Upon(_Action, frozen=True, kw_only=True):
    """An action upon the resource in the field *selects*, or upon the one that events name."""

    selects: ClassVar[str]

    source: Literal["selected", "inferred"] = "selected"

    def __post_init__(self) -> None:
        is_given = getattr(self, self.selects) is not None
        if self.source == "selected" and not is_given:
            raise ValueError(f"Value error, {self.selects} is required")
        if self.source == "inferred" and is_given:
            raise ValueError(f"Value error, {self.selects} is not allowed")


class OnDeployment(_Upon, frozen=True, kw_only=True):
    """An action upon a deployment."""

    selects = "deployment_id"

    deployment_id: UUID | None = None


class OnWorkQueue(_Upon, frozen=True, kw_only=True):
    """An action upon a work queue."""

    selects = "work_queue_id"

    work_queue_id: UUID | None = None


class OnWorkPool(_Upon, frozen=True, kw_only=True):
    """An action upon a work pool."""

    selects = "work_pool_id"

    work_pool_id: UUID | None = None


class OnAutomation(_Upon, frozen=True, kw_only=True):
    """An action upon an automation; inferred is the one whose action it is."""

    selects = "automation_id"

    automation_id: UUID | None = None


class DoNothing(_Action, frozen=True, kw_only=True, tag="do-nothing"):
    """Do nothing, which shows in the events."""


class RunDeployment(OnDeployment, frozen=True, kw_only=True, tag="run-deployment"):
    """Create a run of a deployment, due *schedule_after* seconds later."""

    parameters: dict[str, Any] | None = None
    job_variables: dict[str, Any] | None = None
    schedule_after: Annotated[float, Meta(ge=0)] = 0.0


class PauseDeployment(OnDeployment, frozen=True, kw_only=True, tag="pause-deployment"):
    """Pause a deployment."""


class ResumeDeployment(OnDeployment, frozen=True, kw_only=True, tag="resume-deployment"):
    """Resume a deployment."""


class CancelFlowRun(_Action, frozen=True, kw_only=True, tag="cancel-flow-run"):
    """Cancel the flow run that the event is about."""


class DeleteFlowRun(_Action, frozen=True, kw_only=True, tag="delete-flow-run"):
    """Delete the flow run that the event is about."""


class ChangeFlowRunState(_Action, frozen=True, kw_only=True, tag="change-flow-run-state"):
    """Propose a state for the flow run that the event is about."""

    name: str | None = None
    state: StateType
    message: str | None = None
    force: bool = False


class SuspendFlowRun(_Action, frozen=True, kw_only=True, tag="suspend-flow-run"):
    """Suspend the flow run that the event is about."""


class ResumeFlowRun(_Action, frozen=True, kw_only=True, tag="resume-flow-run"):
    """Resume the flow run that the event is about."""


class PauseWorkQueue(OnWorkQueue, frozen=True, kw_only=True, tag="pause-work-queue"):
    """Pause a work queue."""


class ResumeWorkQueue(OnWorkQueue, frozen=True, kw_only=True, tag="resume-work-queue"):
    """Resume a work queue."""


class PauseWorkPool(OnWorkPool, frozen=True, kw_only=True, tag="pause-work-pool"):
    """Pause a work pool."""


class ResumeWorkPool(OnWorkPool, frozen=True, kw_only=True, tag="resume-work-pool"):
    """Resume a work pool."""


class PauseAutomation(OnAutomation, frozen=True, kw_only=True, tag="pause-automation"):
    """Pause an automation."""


class ResumeAutomation(OnAutomation, frozen=True, kw_only=True, tag="resume-automation"):
    """Resume an automation."""


class SendNotification(_Action, frozen=True, kw_only=True, tag="send-notification"):
    """Send *subject* and *body*, which are templates, through a block."""

    block_document_id: UUID
    subject: str = "Prefect automated notification"
    body: str


class CallWebhook(_Action, frozen=True, kw_only=True, tag="call-webhook"):
    """Call the webhook of a block with *payload*, a template."""

    block_document_id: UUID
    payload: str = ""


Action = (
    DoNothing
    | RunDeployment
    | PauseDeployment
    | ResumeDeployment
    | CancelFlowRun
    | DeleteFlowRun
    | ChangeFlowRunState
    | SuspendFlowRun
    | ResumeFlowRun
    | PauseWorkQueue
    | ResumeWorkQueue
    | PauseWorkPool
    | ResumeWorkPool
    | PauseAutomation
    | ResumeAutomation
    | SendNotification
    | CallWebhook
)
