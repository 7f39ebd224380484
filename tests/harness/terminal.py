"""Running a command in a terminal of its own."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence


def run_in_terminal(
    words: Sequence[str], environment: Mapping[str, str], *, columns: int = 120
) -> tuple[int, str]:
    """Run a command; return its exit code and all that it printed.

    Only the terminal determines the width: variables that test runners set are removed.
    """
    sized = {"COLUMNS", "LINES"}
    environment = {n: value for n, value in environment.items() if n not in sized}
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        words, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:
            break  # on Linux: the other end is closed
        if not block:
            break
        shown += block
    os.close(ours)
    return process.wait(120), shown.decode("utf-8").replace("\r\n", "\n")
