"""`jupyter bookstore index`: make the catalogue, or bring it up to date."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing

from traitlets import Bool

from bookstore_core.cli.command import Verb
from bookstore_core.errors import ConfigurationError, StorageUnavailableError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from bookstore_web.catalogue.answers import Answers
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.place import describe_place, open_catalogue
from bookstore_web.catalogue.walk import Progress, Walk

#: Seconds between two lines about the progress.
APART = 2.0


class IndexApp(Verb):
    """Make the catalogue, which search looks into, or bring it up to date.

    The keys of both shelves are listed, and the notebooks that are new or have changed
    are read. If it is interrupted, run it again: it goes on. Exit codes: 0 done, 1 some
    notebooks could not be read, 3 the settings cannot work, 5 and 7 the store refuses
    it, or the store or the catalogue cannot be used now.
    """

    name = "jupyter-bookstore-index"
    description = __doc__
    examples = "jupyter bookstore index --rebuild"
    rebuild = Bool(False, help="Throw the catalogue away first.").tag(config=True)
    flags = {  # noqa: RUF012
        **Verb.flags,
        "rebuild": (
            {"IndexApp": {"rebuild": True}},
            "Throw the catalogue away, and make it again.",
        ),
    }

    def run(self) -> int:
        settings = self.settings()
        if settings.storage == "service":
            raise ConfigurationError(
                "The service that keeps the versions has a catalogue for all. It is "
                "made there."
            )
        store = open_store(settings)
        with closing(open_catalogue(settings, rebuild=self.rebuild)) as catalogue:
            try:
                return self._fill(settings, store, catalogue)
            except StorageUnavailableError:
                if not catalogue.damaged:
                    raise
        self.print_note("The file of the catalogue is damaged: it is made again.")
        with closing(open_catalogue(settings, torn=True)) as catalogue:
            return self._fill(settings, store, catalogue)

    def _fill(
        self, settings: BookstoreSettings, store: VersionStore, catalogue: Catalogue
    ) -> int:
        walk = Walk(store, catalogue, threads=min(settings.max_threads, 32))
        self._follow(walk.list(), "Listed {0.listed} notebooks.")
        self._follow(walk.read(), "Read {0.read} notebooks.")
        progress = walk.progress
        total, unread = Answers(catalogue).counts()
        value = {"catalogue": describe_place(settings), "notebooks": total}
        value |= {**vars(progress), "unread": unread}
        self.show(value, [_summary(progress, total)])
        return 1 if progress.failed else 0

    def _follow(self, steps: Iterator[Progress], sentence: str) -> None:
        """Take all steps, and say now and then how far they are."""
        said = time.monotonic()
        end = "\r" if sys.stderr.isatty() else "\n"
        for progress in steps:
            if time.monotonic() - said >= APART:
                print(sentence.format(progress), end=end, file=sys.stderr, flush=True)
                said = time.monotonic()


def _summary(progress: Progress, total: int) -> str:
    parts = [f"read {progress.read}"]
    if progress.removed:
        parts.append(f"removed {progress.removed}")
    if progress.failed:
        parts.append(f"could not read {progress.failed}")
    return f"The catalogue has {total} notebooks: {', '.join(parts)} of them now."
