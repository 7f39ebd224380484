"""The confined process: ``python -m bookstore_web.confined.child``.

It reads tasks from its standard input and writes results to its standard output, until
the input ends. The kernel ends it if a task takes more CPU than allowed. Its arguments
are the modules that it imports first.
"""

import os
import resource
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import IO

from bookstore_web.confined.messages import Result, Task, read_message, write_message
from bookstore_web.slim import leave_out

#: Bytes of address space. The largest notebooks need half of it to be compared.
MOST_MEMORY = 3 << 30


def main() -> None:
    """Run tasks until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory()
    leave_out()
    # Nothing that a library prints gets into the messages.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for name in sys.argv[1:]:
        with suppress(ImportError):  # the task that needs it reports it
            import_module(name)
    with suppress(EOFError, BrokenPipeError):
        write_message(answers, None)
        serve(sys.stdin.buffer, answers)


def limit_memory() -> None:
    """Limit the address space of this process, where the system can do that."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MOST_MEMORY if limit == resource.RLIM_INFINITY else min(MOST_MEMORY, limit)
    with suppress(ValueError, OSError):  # macOS refuses any
        resource.setrlimit(resource.RLIMIT_AS, (most, limit))


def serve(tasks: IO[bytes], answers: IO[bytes]) -> None:
    """Answer tasks until the input ends, which raises EOFError."""
    while True:
        task: Task = read_message(tasks)
        # Without a handler, the kernel ends the process, whatever it is doing.
        signal.setitimer(signal.ITIMER_PROF, task.seconds)
        result = run(task)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write_message(answers, result)
        del task, result


def run(task: Task) -> Result:
    """Run a task; never raises."""
    value, error = None, None
    try:
        value = task.function(*task.args)
    except Exception as raised:  # noqa: BLE001  # raised again in the other process
        error = raised.with_traceback(None)
        error.__context__ = error.__cause__ = None
    return Result(value, error, peak_memory())


def peak_memory() -> int:
    """Return the most memory that this process has had, in bytes; 0 if not known.

    Its resource usage does not tell: it begins with that of the parent.
    """
    with suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
