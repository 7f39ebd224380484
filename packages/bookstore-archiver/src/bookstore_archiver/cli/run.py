"""`jupyter bookstore run`: run a version of a notebook, and keep the result."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from traitlets import Bool, Unicode

from bookstore_archiver.cli.verb import ArchiverVerb
from bookstore_archiver.runs.execution import (
    Executed,
    check_papermill,
    execute,
    find_kernel,
)
from bookstore_archiver.runs.keeper import Keeper, Kept, published_folder
from bookstore_archiver.runs.parameters import Given
from bookstore_archiver.runs.result import Source
from bookstore_archiver.runs.signals import Signals
from bookstore_core.cli.given.here import check_here
from bookstore_core.cli.notebook_verb import VersionVerb
from bookstore_core.errors import InvalidRequestError
from bookstore_core.history import History, HistoryRow
from bookstore_core.history.shelves import PUBLISHED, WORKSPACE, find_shelf
from bookstore_core.notebooks import read_as_jupyter
from bookstore_core.paths import DELIMITER, printable
from bookstore_core.runs.address import SCHEME, Address
from bookstore_core.runs.markers import run_path
from bookstore_core.runs.run import COMPLETED, Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store

#: Exit codes of this verb alone; that of a missing kernel is in the table of errors.
FAILED_CODE, WAITS_CODE = 8, 10

_PARAMETER = "NAME VALUE: a parameter; VALUE is a number, True, False, None or a text."


@dataclass(frozen=True)
class _Done:
    """A run that was kept, and published if that was asked for."""

    run: Run
    kept: Kept
    published: Kept | None = None

    def as_json(self) -> dict[str, Any]:
        run, kept, published = self.run, self.kept, self.published
        return {
            "key": kept.key,
            "version_id": kept.version_id,
            "outcome": run.outcome,
            "seconds": run.seconds,
            "parameters": dict(run.parameters),
            "error": run.error,
            "of": run.of,
            "version": run.version,
            "waits": kept.waits,
            "published": published
            and {
                "key": published.key,
                "version_id": published.version_id,
                "waits": published.waits,
            },
        }


class RunApp(ArchiverVerb, VersionVerb):
    """Run a version of a notebook by papermill, and keep the result as a version.

    VERSION is an id, a label, or @0 for the newest version (the default), @1 for the
    one before, and so on. Parameters are given as to papermill: -p NAME VALUE, -r NAME
    VALUE for a text as it is, -f FILE or -y YAML for several; single ones win. The
    kernel works in an empty directory, which is removed. The executed notebook becomes
    a version of runs/PATH in the workspace, or of --to, also if it failed. If the store
    is away by then, it waits in the spool and is sent later; nothing is run again.

    Exit codes: 0 it is completed, and its result in the store, 2 a word, a parameter or
    the notebook is not valid, 3 the configuration cannot work, or papermill is not
    installed, 4 there is no such version or file, 5 the store refuses, 7 the store or
    the spool cannot be reached: nothing ran, 8 the notebook failed: its result is kept,
    with the error, 9 there is no such kernel, 10 it is completed, and its result waits
    in the spool, 130 or 143 it was stopped by a signal: what ran is kept as failed.
    """

    name = "jupyter-bookstore-run"
    description = __doc__
    examples = """
    jupyter bookstore run reports/june.ipynb -p month 6
    jupyter bookstore run reports/june.ipynb "as sent" -f june.yaml --publish
    jupyter bookstore run june.ipynb --shelf=published --to=mine/june.ipynb --json
    """
    words = ("PATH", "[VERSION]")
    shelf = Unicode("workspace", help="workspace or published.").tag(config=True)
    to = Unicode(
        "", help="The path in the workspace, or the address, to keep the result at."
    ).tag(config=True)
    kernel = Unicode("", help="The kernel, instead of the notebook's.").tag(config=True)
    publish = Bool(False, help="Publish the result, too.").tag(config=True)
    parameter = Unicode("", help=_PARAMETER).tag(config=True)
    raw = Unicode("", help="NAME VALUE: a parameter that is a text.").tag(config=True)
    file = Unicode("", help="A file of parameters, YAML or JSON.").tag(config=True)
    yaml = Unicode("", help="Parameters in YAML.").tag(config=True)
    flags = {  # noqa: RUF012
        **VersionVerb.flags,
        "publish": (
            {"RunApp": {"publish": True}},
            "Publish a completed run, too, at the same path of the published shelf.",
        ),
    }
    aliases = {  # noqa: RUF012
        **VersionVerb.aliases,
        "shelf": "RunApp.shelf",
        "to": "RunApp.to",
        "kernel": "RunApp.kernel",
        "p": "RunApp.parameter",
        "r": "RunApp.raw",
        "f": "RunApp.file",
        "y": "RunApp.yaml",
    }

    def _sort(self, argv: list[str]) -> list[str]:
        self._given = Given.of(argv)
        return super()._sort(self._given.words)

    _given = Given()
    _shelf = WORKSPACE

    def run(self) -> int:
        check_papermill()
        check_here()  # papermill cannot work without one
        if self.parameter or self.raw or self.file or self.yaml:
            raise InvalidRequestError(
                "Parameters are given on the command line alone: -p NAME VALUE."
            )
        settings, parameters = self.checked_settings(), self._given.parameters()
        keeper = Keeper(settings, self.log, self.print_message)
        row, data = self._version(settings)
        target = self._target(row)
        keeper.check(target)
        published = self._published(target, settings) if self.publish else None
        if published:
            keeper.check(published)
        notebook, signals = read_as_jupyter(data), Signals()
        kernel = find_kernel(notebook, self.kernel)
        try:
            executed = execute(
                notebook,
                parameters,
                kernel,
                signals,
                progress=sys.stderr.isatty() and not self.as_json,
                report=self.print_note,
            )
            run, data = self._result(row, executed, target)
            kept = keeper.keep(data, target, run, durable=signals.restore)
        finally:
            signals.restore()
        done = _Done(run, kept)
        if published and run.outcome == COMPLETED:
            done = _Done(run, kept, keeper.keep(data, published, run))
        self.show(done.as_json(), _lines(row, done))
        return self._code(executed, done)

    def _version(self, settings: BookstoreSettings) -> tuple[HistoryRow, bytes]:
        """Return the version that is to run, with its content."""
        shelf = find_shelf(self.shelf)
        shelf.check(settings)
        name, *version = self.extra_args
        path = self.path(name) if shelf is WORKSPACE else name
        self._shelf = shelf
        history = History(open_store(settings), settings, shelf=shelf)
        return self.opened(history, path, *version)

    def _target(self, row: HistoryRow) -> Address:
        if self.to.startswith(SCHEME):
            return Address.parse(self.to)
        return Address(WORKSPACE, (self.to or run_path(row.path)).strip(DELIMITER))

    def _published(self, target: Address, settings: BookstoreSettings) -> Address:
        """Return where the result is published, in a service in the person's folder."""
        path, folder = target.path, published_folder(settings)
        if folder and not path.startswith(folder + DELIMITER):
            path = f"{folder}{DELIMITER}{path}"
        return Address(PUBLISHED, path)

    def _result(
        self, row: HistoryRow, executed: Executed, target: Address
    ) -> tuple[Run, bytes]:
        version, error = row.version, executed.error
        run = executed.result.run(Source(version.key, version.version_id), error=error)
        ran = Address(self._shelf, row.path, version.version_id)
        result = executed.result.with_error(error) if error else executed.result
        return run, result.as_kept(input_path=str(ran), output_path=str(target))

    @staticmethod
    def _code(executed: Executed, done: _Done) -> int:
        if executed.signal:
            return 128 + executed.signal
        if done.run.outcome != COMPLETED:
            return FAILED_CODE
        waits = done.kept.waits or (done.published and done.published.waits)
        return WAITS_CODE if waits else 0


def _lines(row: HistoryRow, done: _Done) -> Iterator[str]:
    run = done.run
    ended = run.outcome + (f" with {run.error}" if run.error else "")
    yield printable(
        f"Version {row.version.version_id} of {row.path} {ended}, after "
        f"{run.seconds:.1f} seconds."
    )
    for what, kept in (("Kept", done.kept), ("Published", done.published)):
        if kept is None:
            continue
        if kept.waits:
            yield printable(f"{kept.key} waits in the spool. {kept.waits}")
        else:
            yield printable(f"{what} as version {kept.version_id} of {kept.key}.")
