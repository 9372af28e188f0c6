"""Everything that can be set from outside: `HEADGATE_*`, read once, checked, never changed."""

import os
import re
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .errors import ForPeople

PREFIX = "HEADGATE_"
FOREIGN = ("HEADGATE_COMPOSE_", "HEADGATE_TEST_")
"""Variables of compose.yaml and of the test suite; no setting starts like them."""

MEBIBYTE = 1_048_576

PARTITIONS = 8
PARTITIONS_EMBEDDED = 2
"""Where one process does all the work, more partitions make smaller batches and nothing faster."""


def _names(given: object) -> object:
    """What stands between commas."""
    if not isinstance(given, str):
        return given
    return tuple(each for each in map(str.strip, given.split(",")) if each)


def _network(given: str) -> str:
    ip_network(given, strict=False)
    return given


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Networks = Annotated[
    tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_names)
]


class SettingsInvalid(ForPeople):
    """One or more settings are wrong; the message has a line for each and names the variable."""


class Settings(BaseSettings):
    """What a process is told. Each field is the variable `HEADGATE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True
    )

    data_dir: Annotated[
        Path, Field(description="where the embedded Redis and SQLite keep their files")
    ] = Path("~/.headgate")
    redis_url: Annotated[
        str | None,
        Field(
            pattern=r"^(redis|rediss|unix)://",
            description="redis://, rediss:// or unix://; left out, a Redis is embedded",
        ),
    ] = None
    redis_fsync: Annotated[
        Literal["always", "everysec"],
        Field(description="when the embedded Redis syncs: before it answers, or once a second"),
    ] = "always"
    database_url: Annotated[
        str | None,
        Field(
            pattern=r"^(sqlite|postgresql)",
            description="SQLAlchemy URL of the views; left out, SQLite in the data directory",
        ),
    ] = None
    host: Annotated[str, Field(min_length=1, description="address the gateway listens on")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int, Field(ge=0, le=65_535, description="port the gateway listens on; 0 takes a free one")
    ] = 4200
    health_port: Annotated[
        int | None,
        Field(
            ge=0,
            le=65_535,
            description="port where any service but the gateway answers GET /ready; "
            "left out, nowhere",
        ),
    ] = None
    public_api_url: Annotated[
        str | None,
        Field(pattern=r"^https?://", description="the API's URL as clients see it"),
    ] = None
    partitions: Annotated[
        int | None,
        Field(
            ge=1,
            le=1024,
            description="partitions of the log, fixed when it is created; left out, as many as it "
            "has, and a new one gets 2 on an embedded Redis and else 8",
        ),
    ] = None
    prefix: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$", description="start of every Redis key")
    ] = "headgate"
    reply_timeout_ms: Annotated[
        int,
        Field(ge=50, le=120_000, description="how long a proposer waits for its decision, in ms"),
    ] = 4_500
    views_wait_ms: Annotated[
        int,
        Field(
            ge=0,
            le=30_000,
            description="how long a list waits for the views to reach the caller's writes, in ms",
        ),
    ] = 2_000
    body_bytes_max: Annotated[
        int,
        # a proposal has at most 1 MiB; a client puts up to 4 MB into one batch of log lines
        Field(ge=MEBIBYTE, le=256 * MEBIBYTE, description="largest HTTP request body, in bytes"),
    ] = 4_500_000
    api_auth_string: Annotated[
        SecretStr | None,
        Field(
            description="user:password by which clients come in; left out, all do, unless keys are "
            "required"
        ),
    ] = None
    api_keys_required: Annotated[
        bool, Field(description="whether clients need the auth string or a key: `headgate keys`")
    ] = False
    csrf_protection_enabled: Annotated[
        bool, Field(description="whether who changes something must show a CSRF token")
    ] = False
    csrf_token_expiration: Annotated[
        int, Field(ge=60, le=86_400, description="how long a CSRF token holds, in s")
    ] = 3_600
    cors_allowed_origins: Annotated[
        Names,
        Field(description="origins of web pages that may call, with commas, or *; left out, none"),
    ] = ()
    cors_allowed_methods: Annotated[Names, Field(description="methods that they may use")] = ("*",)
    cors_allowed_headers: Annotated[Names, Field(description="headers that they may send")] = ("*",)
    allowed_networks: Annotated[
        Networks,
        Field(description="networks that may come in, such as 10.0.0.0/8,::1; left out, all may"),
    ] = ()
    ip_allowlist_enforced: Annotated[
        bool,
        Field(
            description="whether the IP allow list keeps anybody out; false is the way back in for "
            "who has locked himself out"
        ),
    ] = True
    trusted_proxies: Annotated[
        Networks,
        Field(description="proxies whose X-Forwarded-For is believed; left out, nobody's is"),
    ] = ()
    requests_per_second_max: Annotated[
        float | None,
        Field(
            ge=0.1,
            le=100_000,
            description="requests of one address in the long run; left out, as many as it likes",
        ),
    ] = None
    requests_burst_max: Annotated[
        int, Field(ge=1, le=100_000, description="requests of one address at once")
    ] = 200
    gzip_bytes_min: Annotated[
        int,
        Field(
            ge=0,
            le=256 * MEBIBYTE,
            description="smallest answer that is packed for who asks, in bytes; 0 for none",
        ),
    ] = 16_384
    encryption_key: Annotated[
        SecretStr | None,
        Field(
            description="Fernet key for the secrets of blocks; left out, one is made in the data "
            "directory"
        ),
    ] = None
    builtin_block_types: Annotated[
        bool,
        Field(
            description="whether POST /block_types/install_system_block_types makes the types "
            "Secret and Local File System"
        ),
    ] = False
    api_max_parameter_size: Annotated[
        int,
        Field(ge=1_024, le=64 * MEBIBYTE, description="largest parameters of a run, in bytes"),
    ] = 524_288
    events_retention_period: Annotated[
        int,
        Field(ge=60, le=10 * 365 * 86_400, description="how long events are kept, in s"),
    ] = 7 * 86_400
    tasks_tag_concurrency_slot_wait_seconds: Annotated[
        float,
        Field(ge=0, le=3_600, description="longest wait of a task run for slots of its tags, in s"),
    ] = 10.0
    tasks_max_cache_key_length: Annotated[
        int, Field(ge=1, le=2_000, description="longest cache key of a task run, in characters")
    ] = 2_000
    deployments_concurrency_slot_wait_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=86_400,
            description="how long a run waits when its deployment has no free slot, in s",
        ),
    ] = 30.0
    concurrency_initial_deployment_lease_duration: Annotated[
        float,
        Field(
            ge=30,
            le=3_600,
            description="how long a claimed run keeps its slot until it starts, in s, "
            "unless its deployment says it",
        ),
    ] = 300.0
    concurrency_maximum_concurrency_slot_wait_seconds: Annotated[
        float,
        Field(ge=0, le=3_600, description="longest wait for slots of a limit by its name, in s"),
    ] = 30.0
    services_late_runs_enabled: Annotated[
        bool, Field(description="whether scheduled runs that nobody has begun become late")
    ] = True
    services_late_runs_loop_seconds: Annotated[
        float, Field(ge=0, le=86_400, description="rounds in which runs become late, in s")
    ] = 0.0
    services_late_runs_after_seconds: Annotated[
        float, Field(ge=0, le=86_400, description="how long after its time a run is late, in s")
    ] = 15.0
    services_pause_expirations_enabled: Annotated[
        bool, Field(description="whether paused runs fail when their time to resume has passed")
    ] = True
    services_pause_expirations_loop_seconds: Annotated[
        float, Field(ge=0, le=86_400, description="rounds in which pauses expire, in s")
    ] = 0.0
    services_cancellation_cleanup_enabled: Annotated[
        bool, Field(description="whether what is being cancelled ends as cancelled in time")
    ] = True
    services_cancellation_cleanup_loop_seconds: Annotated[
        float, Field(ge=0, le=86_400, description="rounds in which cancelling ends, in s")
    ] = 0.0
    services_cancellation_cleanup_cancelling_timeout_seconds: Annotated[
        float,
        Field(ge=0, le=86_400, description="how long a run may be cancelling, in s"),
    ] = 300.0
    services_repossessor_enabled: Annotated[
        bool, Field(description="whether leases that nobody renews end in time")
    ] = True
    services_repossessor_loop_seconds: Annotated[
        float, Field(ge=0, le=86_400, description="rounds in which leases end, in s")
    ] = 0.0
    services_scheduler_enabled: Annotated[
        bool, Field(description="whether runs of schedules are planned")
    ] = True
    services_scheduler_loop_seconds: Annotated[
        float, Field(ge=0, le=86_400, description="rounds in which more runs are planned, in s")
    ] = 0.0
    services_scheduler_recent_deployments_loop_seconds: Annotated[
        float,
        Field(ge=0, le=86_400, description="rounds in which changed deployments are planned, in s"),
    ] = 0.0
    services_scheduler_deployment_batch_size: Annotated[
        int, Field(ge=1, le=1_000, description="deployments that are planned before it is noted")
    ] = 1
    services_scheduler_insert_batch_size: Annotated[
        int, Field(ge=1, le=10_000, description="runs that are asked for at once")
    ] = 500
    services_scheduler_min_runs: Annotated[
        int, Field(ge=1, le=1_000, description="runs of each schedule that are planned at least")
    ] = 3
    services_scheduler_max_runs: Annotated[
        int, Field(ge=1, le=10_000, description="runs of each schedule that are planned at most")
    ] = 100
    services_scheduler_min_scheduled_time: Annotated[
        float, Field(ge=0, le=31_536_000, description="how far ahead they reach at least, in s")
    ] = 3_600.0
    services_scheduler_max_scheduled_time: Annotated[
        float, Field(ge=1, le=315_360_000, description="how far ahead they reach at most, in s")
    ] = 8_640_000.0
    services_foreman_enabled: Annotated[
        bool, Field(description="whether who is silent counts as gone")
    ] = True
    services_foreman_loop_seconds: Annotated[
        float, Field(ge=0, le=86_400, description="rounds in which the silent are noted, in s")
    ] = 0.0
    services_foreman_inactivity_heartbeat_multiple: Annotated[
        int, Field(ge=1, le=1_000, description="how many heartbeats a worker may leave out")
    ] = 3
    services_foreman_fallback_heartbeat_interval_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=86_400,
            description="the time between heartbeats of a worker that does not say it, in s",
        ),
    ] = 30.0
    services_foreman_deployment_last_polled_timeout_seconds: Annotated[
        float,
        Field(
            gt=0, le=86_400, description="how long nobody may ask for runs of a deployment, in s"
        ),
    ] = 60.0
    services_foreman_work_queue_last_polled_timeout_seconds: Annotated[
        float,
        Field(gt=0, le=86_400, description="how long nobody may ask for runs of a queue, in s"),
    ] = 60.0
    services_flow_run_notifications_enabled: Annotated[
        bool, Field(description="whether notification policies have something sent")
    ] = True
    services_flow_run_notifications_timeout_seconds: Annotated[
        float, Field(ge=0.1, le=600, description="longest attempt to send a notification, in s")
    ] = 10.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="least level that is shown")
    ] = "info"
    log_format: Annotated[
        Literal["auto", "lines", "json"],
        Field(description="lines to read, JSON to parse; auto asks whether it is a terminal"),
    ] = "auto"

    @classmethod
    def read(cls, **given: Any) -> Self:
        """The settings of the environment, with *given* ones instead where they are not None.

        Raises `SettingsInvalid`.
        """
        wrong = [_unknown(name) for name in os.environ if _is_ours(name) and not _is_known(name)]
        if wrong:
            raise SettingsInvalid("\n".join(wrong))
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise SettingsInvalid("\n".join(_complaints(error))) from None

    @property
    def root(self) -> Path:
        """The data directory, absolute."""
        return self.data_dir.expanduser().absolute()

    @property
    def partitions_of_a_new_log(self) -> int:
        """The number of partitions that a log gets which is created now."""
        return self.partitions or (PARTITIONS_EMBEDDED if self.redis_url is None else PARTITIONS)

    @property
    def views_url(self) -> str:
        """The SQLAlchemy URL of the views."""
        return self.database_url or f"sqlite:///{self.root / 'views.db'}"


def variable(field: str) -> str:
    """The variable that sets *field*."""
    return PREFIX + field.upper()


def masked(url: object) -> str:
    """*url* without its password, for people to read."""
    # up to the last @: who did not quote his password may have one in it
    hidden = re.sub(r"(://[^:@/]*):.*@", r"\1:***@", str(url))
    return re.sub(r"([?&]password=)[^&]*", r"\1***", hidden)


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX) and not name.startswith(FOREIGN)


def _is_known(name: str) -> bool:
    return any(name == variable(field) for field in Settings.model_fields)


def _unknown(name: str) -> str:
    near = get_close_matches(name, [variable(field) for field in Settings.model_fields], n=1)
    hint = f"did you mean {near[0]}?" if near else "`headgate settings` lists what there is"
    return f"{name} is not a setting; {hint}"


def _complaints(error: ValidationError) -> list[str]:
    return [_complaint(str(each["loc"][0]), each["msg"], each["input"]) for each in error.errors()]


def _complaint(name: str, message: str, given: object) -> str:
    # URLs carry passwords, which have no place on a terminal or in a log
    value = "" if name.endswith(("_url", "_string", "_key")) else f"={given}"
    field = Settings.model_fields.get(name)
    meaning = f" ({field.description})" if field and field.description else ""
    return f"{variable(name)}{value}: {message[:1].lower()}{message[1:]}{meaning}"
