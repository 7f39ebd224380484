"""`jupyter bookstore status`: show saves waiting for upload, and any errors."""

from collections.abc import Iterator
from datetime import datetime

from bookstore_core.cli.command import EXIT_CODES, Verb
from bookstore_core.clock import utc_now
from bookstore_core.errors import SpoolError
from bookstore_core.humanize import say_size, say_span
from bookstore_core.spool.report import SpoolReport, report_spool
from bookstore_core.upkeep.parts import check_parts


class StatusApp(Verb):
    """Show saves waiting for upload, and any errors; contacts no store in the network.

    Exit codes: 0 no problems, 1 versions do not reach the store, a setting is wrong or
    the spool has another problem, 7 the spool cannot be read.
    """

    name = "jupyter-bookstore-status"
    description = __doc__
    examples = "jupyter bookstore status --json"

    def run(self) -> int:
        settings = self.settings()
        spool_dir, report = settings.spool_dir, report_spool(settings)
        wrong = list(settings.wrong.values())
        value = {"spool_dir": spool_dir, **report.as_json(), "wrong_settings": [*wrong]}
        value["unarchived"] = settings.unarchived
        if settings.unarchived:
            wrong.append(f"Saves are not archived. {settings.unarchived}")
        parts = [
            (name, finding.sentence)
            for name, finding in check_parts(settings, thorough=False)
        ]
        value["parts"] = [{"name": name, "sentence": said} for name, said in parts]
        self.show(value, _lines(spool_dir, report, wrong, parts))
        if not report.readable:
            return EXIT_CODES[SpoolError]
        return 0 if report.ok and not wrong else 1


def _lines(
    spool_dir: str,
    report: SpoolReport,
    wrong: list[str],
    parts: list[tuple[str, str]],
) -> Iterator[str]:
    if report.readable:
        for name, value in (*_rows(spool_dir, report), *parts):
            yield f"{name:13} {value}"
        yield ""
    for problem in (*wrong, *report.problems):
        yield f"!!  {problem}"
    if report.last_error and report.pending:
        following = report.next_attempt
        at = f"The next attempt is at {following:%H:%M:%S} UTC. " if following else ""
        yield f"{at}To try at once: jupyter bookstore drain --now"
    if report.ok and not wrong:
        yield "All is well."


def _rows(spool_dir: str, report: SpoolReport) -> Iterator[tuple[str, str]]:
    age = report.oldest_age_seconds
    yield "spool", spool_dir
    yield "pending", str(report.pending)
    yield "in flight", str(report.in_flight)
    yield "failed", str(report.failed)
    yield "size", say_size(report.bytes)
    yield "oldest", "nothing waits" if age is None else f"waits for {say_span(age)}"
    yield "uploads", str(report.uploads)
    yield "retries", str(report.retries)
    yield "skipped", str(report.skipped)
    if report.removed:
        yield "removed", f"{report.removed} (by somebody else, before they were sent)"
    yield "last success", _moment(report.last_success) or "none known"
    error, moment = report.last_error, _moment(report.last_error_at)
    yield "last error", f"{moment}: {error}" if error and moment else error or "none"
    yield "unprotected", ", ".join(report.unprotected) or "none"


def _moment(time: datetime | None) -> str:
    if time is None:
        return ""
    ago = max(0.0, (utc_now() - time).total_seconds())
    return f"{time:%Y-%m-%d %H:%M:%S} UTC ({say_span(ago)} ago)"
