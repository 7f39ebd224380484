"""`jupyter bookstore drain` and `backfill`: archiving without a notebook server."""

from collections.abc import Iterator
from contextlib import closing

from traitlets import Float

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.verb import LIMIT, ArchiverVerb, Patience
from bookstore_core.cli.command import Verb
from bookstore_core.spool.directory import count_spool


class DrainApp(ArchiverVerb):
    """Bring everything that waits in the spool into the store, without a server.

    Where a running server drains the spool, this waits until it has. Exit codes: 0 the
    spool is empty, 3 and 5 the settings or the store refuse, 7 the store cannot be
    reached or the time is up; what is left stays in the spool.
    """

    name = "jupyter-bookstore-drain"
    description = __doc__
    examples = "jupyter bookstore drain --timeout=300"
    timeout = Float(
        None,
        allow_none=True,
        help="Seconds after which to give up. Unset: when attempts have failed for a "
        "minute and nothing moves.",
    ).tag(config=True)
    aliases = {**Verb.aliases, "timeout": "DrainApp.timeout"}  # noqa: RUF012

    def run(self) -> int:
        settings = self.checked_settings()
        spool_dir = settings.spool_dir
        waiting = count_spool(spool_dir).waiting
        if waiting:
            self.print_message(f"Saves that wait in {spool_dir}: {waiting}.")
        archiver = Archiver(settings, log=self.log)
        limit = LIMIT if self.timeout is None else None
        patience = Patience(archiver, report=self.print_message, limit=limit)
        with closing(archiver):
            self.empty_spool(archiver, patience, timeout=self.timeout)
        counts = count_spool(spool_dir)
        value = {"spool_dir": spool_dir, "drained": waiting, "failed": counts.failed}
        self.show(value, _drained_lines(spool_dir, waiting, counts.failed))
        return 0


def _drained_lines(spool_dir: str, waiting: int, failed: int) -> Iterator[str]:
    yield f"The spool {spool_dir} is empty. Saves that have left it: {waiting}."
    if failed:
        yield f"{failed} files in {spool_dir}/failed are no saves; look at them."
