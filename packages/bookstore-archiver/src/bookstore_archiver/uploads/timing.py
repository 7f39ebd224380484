"""Timing: the intervals of an uploader."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Intervals in seconds."""

    rest: float = 0.2  # pause after a save, so that the server can answer first
    look: float = 1.0  # between scans of the spool for saves of other processes
    take_over: float = 1.0  # between attempts to get the drain lock
    tend: float = 5.0  # between repairs of unprotected notebooks
    sweep: float = 60.0  # between removals of abandoned files in tmp/
    first_retry: float = 0.25  # longest delay of the first retry, doubled each time
    last_retry: float = 30.0  # longest delay of all retries
    refused: float = 300.0  # between attempts after a refusal
    quiet: float = 60.0  # of failures before they are logged
    count: float = 0.1  # between counts of the spool while a command drains it
