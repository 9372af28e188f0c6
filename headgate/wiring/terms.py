"""What rules and timers are told of the settings."""

from datetime import timedelta

from services.rules import Terms
from services.timers import Kind, Limits, Periods, Silence, Spans

from ..settings import Settings


def terms_of(settings: Settings) -> Terms:
    """What the rules are told of the settings."""
    return Terms(
        slot_wait_seconds=settings.deployments_concurrency_slot_wait_seconds,
        grace_seconds=settings.concurrency_initial_deployment_lease_duration,
        tag_wait_seconds=settings.tasks_tag_concurrency_slot_wait_seconds,
        wait_seconds_max=settings.concurrency_maximum_concurrency_slot_wait_seconds,
        cache_key_characters_max=settings.tasks_max_cache_key_length,
    )


def periods_of(settings: Settings) -> Periods:
    """How far the rounds of the timers are apart."""
    cancelling_s = settings.services_cancellation_cleanup_loop_seconds
    seconds: dict[Kind, float] = {
        "late": settings.services_late_runs_loop_seconds,
        "pause": settings.services_pause_expirations_loop_seconds,
        "cancelling": cancelling_s,
        "cascade": cancelling_s,
        "lease": settings.services_repossessor_loop_seconds,
        "planning": settings.services_scheduler_recent_deployments_loop_seconds,
        "watch": settings.services_foreman_loop_seconds,
    }
    return {kind: timedelta(seconds=apart_s) for kind, apart_s in seconds.items()}


def spans_of(settings: Settings) -> Spans:
    """How long after what a timer is due."""
    cancelling = settings.services_cancellation_cleanup_cancelling_timeout_seconds
    return Spans(
        late=timedelta(seconds=settings.services_late_runs_after_seconds),
        cancelling=timedelta(seconds=cancelling),
        silence=silence_of(settings),
    )


def timers_off(settings: Settings) -> list[Kind]:
    """The timers that do not fire."""
    enabled: dict[Kind, bool] = {
        "late": settings.services_late_runs_enabled,
        "pause": settings.services_pause_expirations_enabled,
        "cancelling": settings.services_cancellation_cleanup_enabled,
        "cascade": settings.services_cancellation_cleanup_enabled,
        "lease": settings.services_repossessor_enabled,
        "planning": settings.services_scheduler_enabled,
        "watch": settings.services_foreman_enabled,
    }
    return [kind for kind, is_on in enabled.items() if not is_on]


def silence_of(settings: Settings) -> Silence:
    """How long nobody may be heard of."""
    heartbeat = settings.services_foreman_fallback_heartbeat_interval_seconds
    deployment = settings.services_foreman_deployment_last_polled_timeout_seconds
    work_queue = settings.services_foreman_work_queue_last_polled_timeout_seconds
    return Silence(
        heartbeats=settings.services_foreman_inactivity_heartbeat_multiple,
        heartbeat=timedelta(seconds=heartbeat),
        deployment=timedelta(seconds=deployment),
        work_queue=timedelta(seconds=work_queue),
    )


def limits_of(settings: Settings) -> Limits:
    """How far ahead runs of schedules are planned."""
    return Limits(
        min_runs=settings.services_scheduler_min_runs,
        max_runs=settings.services_scheduler_max_runs,
        min_scheduled_time=timedelta(seconds=settings.services_scheduler_min_scheduled_time),
        max_scheduled_time=timedelta(seconds=settings.services_scheduler_max_scheduled_time),
    )
