"""`headgate serve` runs one service, to be scaled and restarted by itself."""

from typing import Literal

from ...importing import uncollected
from ...where import HERE, Where
from .dev import announce


def serve(
    service: Literal["gateway", "rule-processor", "projector", "timers", "notifier"],
    /,
    *,
    host: str | None = None,
    port: int | None = None,
    health_port: int | None = None,
    where: Where = HERE,
) -> int:
    """Run one service in the foreground until SIGTERM or Ctrl-C.

    Parameters
    ----------
    service
        gateway: the API. rule-processor: decides what is proposed. projector: keeps the views.
        timers: proposes what becomes due. notifier: sends what notification policies want told.
    host
        Address the gateway listens on; HEADGATE_HOST when left out.
    port
        Port the gateway listens on, 0 for a free one; HEADGATE_PORT when left out.
    health_port
        Port where the others answer GET /ready; HEADGATE_HEALTH_PORT when left out.
    """
    settings = where.settings(host=host, port=port, health_port=health_port)
    with uncollected():
        from ....serving import running

    match service:
        case "gateway":
            running.serve_gateway(settings, announce)
        case "rule-processor":
            running.serve_rule_processor(settings, announce)
        case "projector":
            running.serve_projector(settings, announce)
        case "timers":
            running.serve_timers(settings, announce)
        case "notifier":
            running.serve_notifier(settings, announce)
    return 0
