"""The demo stays up on a terminal until Ctrl-C, and nowhere else."""

import os
import pty
import signal
import subprocess
import sys

END_S = 10.0
STAY = (
    "from headgate.cli.console import out; from headgate.demo.__main__ import stay; "
    "stay('http://127.0.0.1:1/api', out()); print('ended')"
)


def test_on_a_terminal_the_demo_stays_until_ctrl_c() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", STAY], stdin=theirs, stdout=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        said = b""
        while b"PREFECT_API_URL=http://127.0.0.1:1/api" not in said:
            said += os.read(ours, 4_096)
        assert b"until Ctrl-C" in said
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(END_S) == 0
    assert b"ended" in os.read(ours, 4_096)
    os.close(ours)


def test_without_a_terminal_the_demo_ends() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STAY],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=END_S,
    )
    assert ran.stdout == "ended\n"
