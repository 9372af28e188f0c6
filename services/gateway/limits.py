"""What the gateway allows and how long it waits; every limit has its unit in its name."""

from msgspec import Struct


class GatewayLimits(Struct, frozen=True, kw_only=True):
    """Bounds of one gateway process.

    *server_version* is what clients compare with their own: the same major, and at least the
    newest client to be supported.
    """

    server_version: str = "3.9.1"
    public_api_url: str | None = None
    """The API's URL as clients see it; without it, as each of them called."""
    body_bytes_max: int = 4_500_000
    """Above the 4 MB that a client puts into one batch of logs."""
    parameters_bytes_max: int = 524_288
    gzip_bytes_min: int = 16_384
    """Smaller answers are sent as they are: packing them takes longer than sending them."""
    frame_bytes_max: int = 1_572_864
    page_max: int = 200
    views_wait_s: float = 2.0
    """How long a list waits for the views to reach what this gateway wrote."""
    retry_after_s: int = 1
    builtin_block_types: bool = False
    """Whether block types that every client brings with it are made when somebody asks."""
    known_runs_max: int = 100_000
    unsent_frames_max: int = 1_000
    """Frames of one socket that wait for Redis before the socket is read no further."""
    unsent_bytes_max: int = 8_388_608
    socket_backlog_bytes_max: int = 16_777_216
    """What may wait for a slow subscriber before it is sent away: several bursts of a client."""
    backfill_s: float = 900.0
    backfill_page: int = 250
    out_frame_bytes_max: int = 1_048_576
    """The client library refuses larger ones."""
