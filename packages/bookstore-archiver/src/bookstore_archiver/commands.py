"""`jupyter bookstore drain` and `backfill`: archiving without a notebook server."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from tqdm import tqdm
from traitlets import Float, Unicode

from bookstore_archiver.archiving import Archiver
from bookstore_archiver.backfilling import Backfill, Kind, Result
from bookstore_archiver.notebook_files import find_notebooks
from bookstore_archiver.patience import LIMIT, Patience
from bookstore_core.cli.command import Verb
from bookstore_core.errors import ConfigurationError
from bookstore_core.jupyter.server_root import server_root
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import SpoolCounts, check_spool_dir, count_spool
from bookstore_core.stores import open_store


class ArchiverVerb(Verb):
    """Base of our verbs: checks the settings, says how it goes, empties the spool."""

    def checked_settings(self) -> BookstoreSettings:
        """Return the settings, or raise what they cannot work with."""
        settings = self.settings()
        if settings.missing:
            raise ConfigurationError(settings.missing)
        check_spool_dir(settings.spool_dir)
        return settings

    def say(self, sentence: str) -> None:
        """Tell people how it goes, beside the bar if there is one."""
        tqdm.write(sentence, file=sys.stderr)

    def bar(self, total: int, unit: str) -> Any:
        """Return a progress bar; it is silent for programs and for files."""
        tqdm.monitor_interval = 0  # its thread would outlive the bar
        quiet = self.as_json or not sys.stderr.isatty()
        return tqdm(total=total, unit=unit, file=sys.stderr, disable=quiet)

    def empty_spool(
        self, archiver: Archiver, patience: Patience, *, timeout: float | None = None
    ) -> None:
        """Return when the spool is empty; raise what is in the way of that."""
        spool_dir = archiver.settings.spool_dir
        with self.bar(count_spool(spool_dir).waiting, " save") as bar:

            def go_on(counts: SpoolCounts) -> bool:
                bar.total = max(bar.total or 0, counts.waiting)
                bar.update(bar.total - counts.waiting - bar.n)
                return patience.allows(counts)

            drained = archiver.drain(timeout, go_on=go_on)
        if not drained:
            raise patience.obstacle(count_spool(spool_dir).waiting)


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
            self.say(f"Saves that wait in {spool_dir}: {waiting}.")
        archiver = Archiver(settings, log=self.log)
        limit = LIMIT if self.timeout is None else None
        patience = Patience(archiver, tell=self.say, limit=limit)
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


class BackfillApp(ArchiverVerb):
    """Archive the notebooks that have no version yet, or another newest one.

    Names of folders and notebooks may follow; without any it is all below the notebook
    server's root directory. Hidden files and folders are left out. A version carries
    the time at which its file was changed. Run it again when it was interrupted: it
    compares with the store. Exit codes: 0 done, 1 some notebooks failed, 2 a path
    outside of the root, 4 a path that is not there, 3, 5 and 7 as of drain.
    """

    name = "jupyter-bookstore-backfill"
    description = __doc__
    examples = "jupyter bookstore backfill projects old/report.ipynb"
    words = ("[PATH ...]",)
    root_dir = Unicode(
        "",
        help="The notebook server's root directory. Empty: as it is configured, else "
        "the current directory.",
    ).tag(config=True)
    aliases = {**Verb.aliases, "root-dir": "BackfillApp.root_dir"}  # noqa: RUF012

    def run(self) -> int:
        settings = self.checked_settings()
        root = server_root(self.config, self.root_dir)
        # Walked twice, so that neither the bar nor the memory needs a list.
        total = sum(1 for _ in find_notebooks(root, self.extra_args))
        store = open_store(settings)
        archiver = Archiver(settings, log=self.log, store=lambda: store)
        patience = Patience(archiver, tell=self.say)
        backfill = Backfill(archiver, store, patience=patience)
        notebooks = find_notebooks(root, self.extra_args)
        try:
            with closing(backfill.run(notebooks)) as results:
                counts = self._count(results, total)
            self.empty_spool(archiver, patience)
        finally:
            archiver.close()
        value = {kind.name.lower(): counts[kind] for kind in Kind}
        self.show({"root_dir": root, **value}, [_summary(counts)])
        return 1 if counts[Kind.FAILED] else 0

    def _count(self, results: Iterable[Result], total: int) -> Counter[Kind]:
        counts: Counter[Kind] = Counter()
        with self.bar(total, " notebook") as bar:
            for result in results:
                counts[result.kind] += 1
                bar.update()
                if result.kind is Kind.FAILED:
                    self.say(f"{result.path}: {result.reason}")
        return counts


def _summary(counts: Counter[Kind]) -> str:
    shown = (Kind.ARCHIVED, Kind.UNCHANGED, Kind.FAILED)
    return ", ".join(f"{kind.name.lower()} {counts[kind]}" for kind in shown) + "."
