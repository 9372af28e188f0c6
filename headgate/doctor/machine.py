"""What can be wrong on this machine: packages, the data directory, the port, the database."""

import errno
import importlib.util
import os
import socket
from importlib.metadata import packages_distributions
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ..bus import data_dir
from ..settings import Settings, masked
from ..views import ViewsUnusable, opened, said
from .finding import Finding, fine, wrong

PACKAGES = ("events", "services", "projections", "headgate")


def packages(_: Settings) -> list[Finding]:
    """Our packages are ours: a distribution that installs its own `events` would replace them."""
    root = Path(__file__).resolve().parents[2]
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        place = Path(found.origin).resolve() if found and found.origin else None
        if place is None or not place.is_relative_to(root):
            others = ", ".join(packages_distributions().get(name, ["what installed it"]))
            return [
                wrong(
                    "packages",
                    f"`{name}` is {place}, not ours in {root}",
                    f"uninstall {others} from this environment, or set PYTHONPATH={root}",
                )
            ]
    return [fine("packages", f"all in {root}")]


def parser(_: Settings) -> list[Finding]:
    """hiredis is there: without it, reading costs twice as much."""
    if importlib.util.find_spec("hiredis") is None:
        return [wrong("hiredis", "not installed: Redis is read slowly", "install hiredis")]
    return [fine("hiredis", "installed")]


def directory(settings: Settings) -> list[Finding]:
    """The data directory can be written, where it is needed; it is not made here."""
    if settings.redis_url and settings.database_url:
        return []
    root = settings.root
    try:
        if root.exists():
            data_dir.prepare(root)
            return [fine("data directory", str(root))]
        parent = next(each for each in root.parents if each.exists())
        if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
            return [fine("data directory", f"{root} will be made")]
        raise data_dir.unusable(root, f"{parent} does not let us make it")
    except data_dir.DataDirUnusable as error:
        said, _, mend = str(error).partition("; ")
        return [wrong("data directory", said, mend)]


def port(settings: Settings) -> list[Finding]:
    """The gateway's port is free, or it is our own gateway that listens there."""
    where = f"{settings.host}:{settings.port}"
    if settings.port == 0:
        return [fine("port", f"any that is free on {settings.host}")]
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            pid = data_dir.owner(settings.root)
            if error.errno == errno.EADDRINUSE and pid is not None:
                return [fine("port", f"{where} is taken, and Headgate runs as process {pid}")]
            mend = "stop what listens there (`ss -ltnp` names it), or set HEADGATE_PORT"
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                mend = "set HEADGATE_HOST to an address of this machine"
            return [wrong("port", f"cannot listen on {where}: {error.strerror}", mend)]
    return [fine("port", f"{where} is free")]


def database(settings: Settings) -> list[Finding]:
    """The database of the views answers."""
    url = masked(settings.views_url)
    if settings.database_url is None and not (settings.root / "views.db").exists():
        return [fine("database", "none yet; it is made on the first start")]
    try:
        engine = opened(settings.views_url)
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        finally:
            engine.dispose()
    except ViewsUnusable as error:
        why, _, _ = str(error).partition("; ")
        return [wrong("database", why, "correct HEADGATE_DATABASE_URL")]
    except SQLAlchemyError as error:
        mend = (
            "start it, or correct HEADGATE_DATABASE_URL"
            if settings.database_url
            else f"remove {settings.root / 'views.db'}*: the views are rebuilt from the log"
        )
        return [wrong("database", f"{url} cannot be used: {said(error)}", mend)]
    return [fine("database", url)]
