"""A command in a terminal of its own, as a person would run it."""

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
    """Return the exit code, and all that the command has shown.

    The terminal alone says how wide it is: test runners set variables of that, too.
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
            break  # Linux says so when the other end is closed
        if not block:
            break
        shown += block
    os.close(ours)
    return process.wait(30), shown.decode("utf-8").replace("\r\n", "\n")
