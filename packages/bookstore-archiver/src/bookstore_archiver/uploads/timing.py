"""Timing: seconds between the things that an uploader does again and again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds, each for one of them."""

    rest: float = 0.2  # after a save: its answer, and the next request, go first
    look: float = 1.0  # into the spool, for saves of other processes
    take_over: float = 1.0  # from a process that drained and has ended
    tend: float = 5.0  # notebooks that could not be spooled
    sweep: float = 60.0  # what processes left that ended while they wrote
    first_retry: float = 0.25
    last_retry: float = 30.0
    refused: float = 300.0  # until what only a person can change is tried again
    quiet: float = 60.0  # of failures before the log tells
    count: float = 0.1  # what is left, while a command waits for the end
