"""The keeper: the catalogue of a process, brought up to date when somebody asks.

What this process has changed, and what the feed of the spool says, is read at once. A
walk follows if the last one was some time ago. All this happens in one thread, which
ends when there is nothing more to do; a search waits for it for a moment.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from bookstore_core.errors import BookstoreError
from bookstore_core.paths import is_own
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.feed import read_feed
from bookstore_core.stores import VersionStore
from bookstore_web.catalogue.databases.files import default_file
from bookstore_web.catalogue.databases.patience import Patience

if TYPE_CHECKING:  # SQLAlchemy takes 13 MB: it is loaded by the first who searches
    from bookstore_web.catalogue.catalogue import Catalogue
    from bookstore_web.catalogue.extracts import Extract
    from bookstore_web.catalogue.walk import Extractor, Walk

T = TypeVar("T")

logger = logging.getLogger(__name__)

#: Seconds that a search waits for what is new.
PATIENCE = 2.0
#: Seconds between two walks, and how much longer than a walk that is at least.
APART, REST = 60.0, 20.0
#: Seconds for which a process has the walk for itself, after each of its steps.
TURN = 120.0
#: Notebooks whose content a process of the web app reads by itself, and how many more
#: with each walk; `jupyter bookstore index` reads all.
MOST_READ, MORE_READ = 5000, 200
#: Keys that wait to be read, and that are read together.
MOST_WAITING, BATCH = 10_000, 32
#: Parallel requests to the store.
THREADS = 2


@dataclass(frozen=True)
class Freshness:
    """How far behind a catalogue is.

    It knows what was stored until `known_at`; None if it was never complete. The
    contents of `unread` notebooks are not known.
    """

    known_at: datetime | None = None
    unread: int = 0


def extract_confined(data: bytes, key: str) -> "Extract":
    """Return what is kept of a notebook, read in a process of its own."""
    from bookstore_web.catalogue.extracts import extract
    from bookstore_web.confined.pool import confined

    return confined.run(extract, data, key)


class Keeper:
    """Keeps the catalogue of a process. Safe to use from several threads.

    `feed_dir` is the spool whose feed is read, if any. An `eager` keeper records what
    is changed at once; another one when somebody searches.
    """

    def __init__(
        self,
        settings: BookstoreSettings,
        *,
        open_store: Callable[[], VersionStore],
        extractor: "Extractor",
        feed_dir: str = "",
        eager: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._open_store = open_store
        self._extractor = extractor
        self._feed_dir = feed_dir
        self._eager = eager
        self._clock = clock
        self._patience = Patience()
        self._opening = threading.Lock()
        self._opened: Catalogue | None = None
        # The following attributes are guarded by the condition.
        self._condition = threading.Condition()
        self._waiting: dict[str, None] = {}
        self._thread: threading.Thread | None = None
        self._wants_walk = False

    def catalogue(self) -> "Catalogue":
        """Return the catalogue, opened at first use.

        One that was found to be damaged, or was removed, is made again. Raises
        StorageUnavailableError and ConfigurationError as `open_catalogue` does.
        """
        # Imported on demand: see above.
        from bookstore_web.catalogue.place import open_catalogue

        with self._opening:
            torn = self._opened is not None and self._opened.damaged
            if self._opened is not None and (torn or self._opened.is_gone):
                self._opened.close()
                self._opened = None
            if self._opened is None:
                self._opened = open_catalogue(self._settings, torn=torn)
                self._opened.clock = self._clock
            return self._opened

    def ask(self, act: "Callable[[Catalogue], T]") -> T:
        """Return what `act` returns for the catalogue; see `Patience.call`.

        Raises what `catalogue` raises, too.
        """
        # Loaded before somebody waits for an answer.
        import_module("bookstore_web.catalogue.place")
        return self._patience.call(lambda: act(self.catalogue()))

    def changed(self, key: str) -> None:
        """Take note that somebody has changed the newest version, or a label, of a key.

        Returns at once, and never fails.
        """
        if is_own(key):
            return
        with self._condition:
            if len(self._waiting) < MOST_WAITING:
                self._waiting[key] = None
        if self._eager or self._opened is not None:
            self._wake()

    def cloned(self, key: str) -> None:
        """Count that somebody has cloned a notebook; who it was is not recorded.

        Raises what `ask` raises.
        """
        self.ask(lambda catalogue: catalogue.count_clone(key))

    def catch_up(self, *, patient: bool = True) -> Freshness:
        """Bring the catalogue up to date; return how far behind it is after a moment.

        What takes longer goes on in the background. Who is not `patient` waits for what
        this process has changed alone. Raises what `ask` raises.
        """
        self.ask(lambda catalogue: None)
        with self._condition:
            self._wants_walk = True
        self._wake()
        with self._condition:
            self._condition.wait_for(
                lambda: self._thread is None or not (patient or self._waiting), PATIENCE
            )
        return self.ask(freshness)

    @property
    def is_open(self) -> bool:
        """Whether somebody has used the catalogue in this process."""
        return self._opened is not None

    def known(self) -> "Freshness | None":
        """Return how far behind the catalogue is; None if it must be made first.

        Nothing is made, and no search is answered. Raises what `ask` raises.
        """
        url = self._settings.catalogue_url
        if not (url or default_file(self._settings).exists()):
            return None  # most servers: nobody has searched
        import_module("bookstore_web.catalogue.place")
        return self._patience.call(self._known)

    def _known(self) -> "Freshness | None":
        from bookstore_web.catalogue.place import find_catalogue

        if self._opened is not None:
            return freshness(self.catalogue())
        found = find_catalogue(self._settings)
        if found is None:
            return None
        with closing(found):
            return freshness(found)

    def close(self) -> None:
        """Wait until nothing is done, and close the catalogue."""
        with self._condition:
            self._condition.wait_for(lambda: self._thread is None)
        with self._opening:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _wake(self) -> None:
        with self._condition:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="bookstore-catalogue", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        try:
            while self._work():
                pass
        except BookstoreError as error:
            logger.warning("The catalogue is not brought up to date: %s", error)
            self._end()
        except Exception:
            logger.exception("The catalogue is not brought up to date.")
            self._end()

    def _work(self) -> bool:
        """Do what there is to do; return whether there may be more."""
        from bookstore_web.catalogue.walk import Walk

        walk = Walk(
            self._open_store(),
            self.catalogue(),
            threads=THREADS,
            extractor=self._extractor,
        )
        self._read_new(walk)
        with self._condition:
            wants, self._wants_walk = self._wants_walk, False
        if wants:
            self._walk(walk)
        with self._condition:
            if self._waiting or self._wants_walk:
                return True
            self._end()
            return False

    def _end(self) -> None:
        with self._condition:
            self._thread = None
            self._condition.notify_all()

    def _read_new(self, walk: "Walk") -> None:
        """Read what this process has changed, and what the feed says."""
        if self._feed_dir:
            self._read_feed(walk)
        while True:
            with self._condition:
                keys = list(self._waiting)[:BATCH]
            if not keys:
                return
            walk.read_now(keys)
            with self._condition:
                for key in keys:
                    self._waiting.pop(key, None)
                self._condition.notify_all()

    def _read_feed(self, walk: "Walk") -> None:
        catalogue = self.catalogue()
        position = catalogue.state().get("fed", "")
        try:
            fed = read_feed(self._feed_dir, position)
        except OSError as error:
            logger.warning("The feed of the spool cannot be read: %s", error)
            return
        # Before the first walk it says nothing that the walk does not find.
        keys = fed.keys if position else ()
        for begin in range(0, len(keys), BATCH):
            walk.read_now(keys[begin : begin + BATCH])
        if not fed.complete:
            catalogue.set_state(walk_due="0")
        if fed.position != position:
            catalogue.set_state(fed=fed.position)

    def _walk(self, walk: "Walk") -> None:
        """Walk through the store if that is due and nobody else does."""
        from bookstore_web.catalogue.answers import Answers

        catalogue = self.catalogue()
        state = catalogue.state()
        began = self._clock()
        # A clock that was ahead has written a time that is far away.
        known_at, following = (
            float(state.get(name) or 0) for name in ("known_at", "walk_due")
        )
        if known_at <= began < following and not state.get("walk_began"):
            due = False
        else:
            due = catalogue.take_turn("turn", TURN)
        if due:
            for _ in walk.list():
                self._read_new(walk)
                catalogue.set_state(turn=str(self._clock() + TURN))
            took = self._clock() - began
            following = self._clock() + max(APART, took * REST)
            catalogue.set_state(walk_due=str(following), turn="")
        answers = Answers(catalogue)
        if answers.unread() and catalogue.take_turn("reading", TURN):
            total, unread = answers.counts()
            most = max(MOST_READ - (total - unread), MORE_READ if due else 0)
            for _ in walk.read(most):
                self._read_new(walk)
                catalogue.set_state(reading=str(self._clock() + TURN))
            catalogue.set_state(reading="")


def freshness(catalogue: "Catalogue") -> Freshness:
    """Return how far behind a catalogue is."""
    from bookstore_web.catalogue.answers import Answers

    known_at = catalogue.state().get("known_at")
    return Freshness(
        datetime.fromtimestamp(float(known_at), UTC) if known_at else None,
        Answers(catalogue).unread(),
    )
