"""How the spool is doing, in one plain line."""

from dataclasses import dataclass

from bookstore_core.humanize import say_span
from bookstore_core.spool.report import SpoolReport


@dataclass(frozen=True)
class SpoolLine:
    """What the home page says of saves on their way; `state` is how it is shown."""

    state: str  # good, busy or bad
    sentence: str


def say_spool(report: SpoolReport) -> SpoolLine:
    """Return the line for a report."""
    if not report.ok:
        return SpoolLine("bad", " ".join(report.problems))
    waiting = report.pending + report.in_flight
    if not waiting and report.last_success:
        return SpoolLine("good", "Every save has reached the store.")
    if not waiting:
        return SpoolLine("good", "No save waits for the store.")
    saves = "1 save is" if waiting == 1 else f"{waiting} saves are"
    since = ""
    if report.oldest_age_seconds is not None:
        since = f", since {say_span(report.oldest_age_seconds)} ago at the longest"
    return SpoolLine("busy", f"{saves} on the way to the store{since}.")
