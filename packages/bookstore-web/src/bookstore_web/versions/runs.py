"""The runs of a notebook, as a page and the API list them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bookstore_core.errors import BookstoreError, InvalidRequestError
from bookstore_core.history import HistoryRow, Shelf
from bookstore_core.parallel import in_parallel
from bookstore_core.runs.markers import runs_of, shelf_of
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore


@dataclass(frozen=True)
class KeptRun:
    """A run as a version, without its label, and the shelf that it is on."""

    shelf: Shelf
    row: HistoryRow


@dataclass(frozen=True)
class KeptRuns:
    """Runs of a notebook, newest first, and the cursor for older ones, if any."""

    runs: tuple[KeptRun, ...] = ()
    cursor: str | None = None


def list_runs(
    store: VersionStore,
    settings: BookstoreSettings,
    key: str,
    *,
    limit: int,
    cursor: str = "",
) -> KeptRuns:
    """Return a page of the runs of the notebook with this key.

    It may have fewer than `limit`, even none, and a cursor. Raises
    InvalidRequestError for a cursor of another list, and the errors of the store.
    """
    page = runs_of(store, settings, key, limit=limit, cursor=cursor or None)
    found = []
    for version in page.runs:
        place = place_of(settings, version.key)
        if place is not None and version.metadata and version.metadata.run:
            found.append(KeptRun(place[0], HistoryRow(place[1], version)))
    return KeptRuns(tuple(found), page.cursor)


def place_of(settings: BookstoreSettings, key: str) -> tuple[Shelf, str] | None:
    """Return the shelf and the path of a key; None if it is on no shelf of these."""
    try:
        return shelf_of(settings, key)
    except InvalidRequestError:
        return None


def sources_of(
    store: VersionStore, runs: Iterable[Run], *, threads: int
) -> dict[tuple[str, str], datetime]:
    """Return when the versions that ran were saved, by their keys and ids.

    Those that are gone, or may not be read, are left out. Each takes a request.
    """

    def look(name: tuple[str, str]) -> datetime | None:
        try:
            return store.head(*name).saved_at
        except BookstoreError as error:
            if error.retryable:
                raise
            return None

    names = dict.fromkeys((run.of, run.version) for run in runs)
    known = [name for name in names if all(name)]
    times = in_parallel(look, known, threads=threads)
    return {name: time for name, time in zip(known, times, strict=True) if time}
