"""What the rules of slots have to know of a run's deployment."""

from uuid import UUID

from msgspec import Struct

from events.entities import FlowRun
from events.resources.deployments import Deployment
from events.resources.registry import resource_key

from ..asking.rule import Question
from ..asking.verdict import Ask
from ..terms import TERMS


class DeploymentLimit(Struct, frozen=True, kw_only=True):
    """The limit of a deployment; one that *is_missing* has none, because there is no deployment.

    *cancels_new*: a run that finds no slot is cancelled, and does not wait. For a run that is
    claimed, a slot is kept for *grace_seconds*.
    """

    limit_id: UUID | None = None
    is_missing: bool = False
    cancels_new: bool = False
    grace_seconds: float = TERMS.grace_seconds


MISSING = DeploymentLimit(is_missing=True)


def limit_seen(question: Question[FlowRun]) -> DeploymentLimit | Ask | None:
    """The limit of the run's deployment, None when there is none, or the wish to see it."""
    id = question.run.attributes.deployment_id
    if id is None:
        return None
    key = resource_key("deployment", id)
    if key not in question.told.seen:
        return Ask(look=(key,))
    deployment = question.told.seen[key]
    if not isinstance(deployment, Deployment):
        return MISSING
    limit_id = deployment.global_concurrency_limit_id
    if limit_id is None:
        return None
    options = deployment.concurrency_options
    grace = None if options is None else options.grace_period_seconds
    return DeploymentLimit(
        limit_id=limit_id,
        cancels_new=options is not None and options.collision_strategy == "CANCEL_NEW",
        grace_seconds=question.told.terms.grace_seconds if grace is None else float(grace),
    )
