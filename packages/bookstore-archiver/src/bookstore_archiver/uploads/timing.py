"""Timing: the intervals of an uploader."""

from dataclasses import dataclass

#: Seconds of CPU: a scan that takes less may follow each save.
QUICK_SCAN = 0.005

#: The share of the time that scans of a large spool may take.
SCAN_SHARE = 0.05


@dataclass(frozen=True)
class Timing:
    """Intervals in seconds."""

    rest: float = 0.2  # pause after a save, so that the server can answer first
    busy: float = 0.5  # after a save, in which few saves are sent at once
    look: float = 1.0  # between scans of the spool for saves of other processes
    take_over: float = 1.0  # between attempts to get the drain lock
    tend: float = 5.0  # between repairs of unprotected notebooks
    sweep: float = 60.0  # between removals of abandoned files in tmp/
    first_pause: float = 0.25  # before the first retry, doubled for each next one
    longest_pause: float = 30.0  # at most, before any retry; a random part of it
    refused: float = 300.0  # before a retry when the store refuses
    quiet: float = 60.0  # of failures before they are logged
    count: float = 0.1  # between counts of the spool while a command drains it
