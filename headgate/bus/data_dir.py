"""The data directory: one process at a time owns it, and says so in a file."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ForPeople


class DataDirUnusable(ForPeople):
    """The data directory cannot be used; the message says why and what to do."""


def prepare(root: Path) -> None:
    """Make *root*, if it is not there, and be sure that files can be written in it."""
    probe = root / ".writable"
    if root.exists() and not root.is_dir():
        raise DataDirUnusable(
            f"the data directory {root} is a file; remove it, or set HEADGATE_DATA_DIR to another"
        )
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise unusable(root, error.strerror or str(error)) from error


def unusable(root: Path, why: str) -> DataDirUnusable:
    """The error that *root* cannot be written to."""
    return DataDirUnusable(
        f"cannot write to the data directory {root}: {why}; "
        "make it writable, or set HEADGATE_DATA_DIR to another one"
    )


def owner(root: Path) -> int | None:
    """The process that owns *root* now, as far as can be seen."""
    try:
        with (root / "owner").open() as file:
            if _lock(file.fileno(), fcntl.LOCK_SH):
                return None
            return int(file.read() or 0)
    except OSError:
        return None


@contextmanager
def owned(root: Path) -> Generator[None]:
    """Own *root*. The kernel ends the ownership with the process, however that ends."""
    prepare(root)
    with (root / "owner").open("a+") as file:
        if not _lock(file.fileno(), fcntl.LOCK_EX):
            file.seek(0)
            raise DataDirUnusable(
                f"process {file.read() or 'unknown'} already runs on the data directory {root}; "
                "stop it, or set HEADGATE_DATA_DIR to another one"
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
