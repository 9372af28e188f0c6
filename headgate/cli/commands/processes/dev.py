"""`headgate dev` runs everything in one process."""

from ...console import out, plain
from ...importing import uncollected
from ...where import HERE, Where


def dev(*, host: str | None = None, port: int | None = None, where: Where = HERE) -> int:
    """Run everything in one process: embedded Redis, SQLite, the rules, the views, the API.

    Ctrl-C ends it cleanly, and the next start finds everything again.

    Parameters
    ----------
    host
        Address to listen on; HEADGATE_HOST when left out.
    port
        Port to listen on, 0 for a free one; HEADGATE_PORT when left out.
    """
    settings = where.settings(host=host, port=port)
    with uncollected():
        from ....serving.running import develop

    develop(settings, announce)
    return 0


def announce(url: str) -> None:
    """Say where the API is, on one line."""
    out().print(f"Headgate is ready: {plain(url)}", soft_wrap=True)
