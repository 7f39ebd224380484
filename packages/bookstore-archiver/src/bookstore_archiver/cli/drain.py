"""`jupyter bookstore drain`: upload the spool without a notebook server."""

from collections.abc import Iterator
from contextlib import closing

from traitlets import Bool, Float

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.verb import LIMIT, ArchiverVerb, Patience
from bookstore_core.cli.command import Verb
from bookstore_core.errors import InvalidRequestError
from bookstore_core.jupyter.server_root import find_root
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import count_spool
from bookstore_core.spool.report import READ_REASONS, describe_failed
from bookstore_core.spool.try_now import ask_to_try


class DrainApp(ArchiverVerb):
    """Upload all saves in the spool to the store, without a server.

    If a running server drains the spool, this waits for it; with --now, that server
    tries at once, whatever its pause after a failure, and this waits for the result.
    Saves that could not be uploaded stay in the spool. Exit codes: 0 the spool is
    empty, 3 the configuration cannot work, 5 the store refuses, 7 the store cannot be
    reached or the time is up.
    """

    name = "jupyter-bookstore-drain"
    description = __doc__
    examples = "jupyter bookstore drain --timeout=300\njupyter bookstore drain --now"
    now = Bool(
        False, help="Try at once, also if another process drains the spool."
    ).tag(config=True)
    timeout = Float(
        None,
        allow_none=True,
        help="Give up after this many seconds. Default: when attempts have failed for "
        "a minute and nothing was uploaded.",
    ).tag(config=True)
    aliases = {**Verb.aliases, "timeout": "DrainApp.timeout"}  # noqa: RUF012
    flags = {  # noqa: RUF012
        **Verb.flags,
        "now": ({"DrainApp": {"now": True}}, "Try at once; see above."),
    }

    def run(self) -> int:
        if self.timeout is not None and not self.timeout >= 0:
            raise InvalidRequestError(
                "--timeout must be a number of seconds, at least 0."
            )
        settings = self.checked_settings()
        spool_dir = settings.spool_dir
        waiting = count_spool(spool_dir).waiting
        if waiting:
            self.print_message(f"Saves that wait in {spool_dir}: {waiting}.")
        archiver = Archiver(settings, log=self.log)
        root = find_root(self.config)
        if not root.doubt:
            # What servers noted about files is only believed of files in there.
            archiver.intake.roots.add(root.path)
        limit = LIMIT if self.timeout is None else None
        patience = Patience(
            archiver, report=self.print_message, limit=limit, asked=self.now
        )
        if self.now:
            ask_to_try(spool_dir)
        with closing(archiver):
            self.empty_spool(archiver, patience, timeout=self.timeout)
        counts = count_spool(spool_dir)
        value = {"spool_dir": spool_dir, "drained": waiting, "failed": counts.failed}
        self.show(value, _drained_lines(spool_dir, waiting, counts))
        return 0


def _drained_lines(spool_dir: str, waiting: int, counts: SpoolCounts) -> Iterator[str]:
    yield f"The spool {spool_dir} is empty. Saves that left it: {waiting}."
    if counts.failed:
        yield f"{describe_failed(counts, spool_dir)} {READ_REASONS}"
