"""What `jupyter bookstore doctor --repair` does.

It records renames of earlier releases, and removes markers of runs that are gone.
"""

from collections.abc import Iterator
from dataclasses import replace

from bookstore_core.errors import BookstoreError, NotFoundError
from bookstore_core.history import WORKSPACE, HistoryRow
from bookstore_core.history.skim import Skim
from bookstore_core.history.thread import MAX_ROWS, Thread
from bookstore_core.humanize import say_count
from bookstore_core.parallel import in_parallel
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Finding, Version, VersionStore
from bookstore_core.stores.seams import can_record, write_seams
from bookstore_core.upkeep.run_markers import dangling, remove_markers

#: So many versions of earlier releases are looked at quickly enough.
FEW = 100


def repair(
    store: VersionStore, settings: BookstoreSettings, *, few: int = FEW
) -> Finding:
    """Record the renames in long histories that earlier releases wrote.

    Without it such a history has a request for each version, as before. It may be
    repeated, and continues where it ended.
    """
    thread = Thread(store, settings, WORKSPACE)
    recorded = 0
    try:
        for key in _keys(store, settings):
            recorded += _record(thread, WORKSPACE.path(settings, key), few)
    except BookstoreError as error:
        return Finding(
            False,
            f"Not all renames of earlier releases are recorded: {error}",
            "Correct that, and run 'jupyter bookstore doctor --repair' again.",
        )
    notebooks = say_count(recorded, "notebook")
    return Finding(True, f"Recorded the earlier renames of {notebooks}.")


def repair_markers(store: VersionStore) -> Finding:
    """Remove the markers of runs whose versions a prune has removed."""
    try:
        left = dangling(store)
        removed = remove_markers(store, left).removed
    except BookstoreError as error:
        return Finding(
            False,
            f"Not all markers of runs were looked at: {error}",
            "Correct that, and run 'jupyter bookstore doctor --repair' again.",
        )
    if len(removed) < len(left):
        markers = say_count(len(left) - len(removed), "marker")
        return Finding(
            False,
            f"{markers} of runs that are gone could not be removed.",
            "Run it with the rights of who prunes. They do no harm.",
        )
    return Finding(True, f"Removed {say_count(len(removed), 'marker')} of old runs.")


def _keys(store: VersionStore, settings: BookstoreSettings) -> Iterator[str]:
    cursor = None
    while True:
        page = store.walk_keys(WORKSPACE.prefix(settings), cursor=cursor)
        yield from (version.key for version in page.keys)
        cursor = page.cursor
        if cursor is None:
            return


def _record(thread: Thread, path: str, few: int) -> bool:
    """Record the renames of one path; return whether that was needed."""
    skim = Skim(thread)
    rows = list(_rows(skim, path))
    if len(rows) <= few or not can_record(thread.key(path)):
        return False
    announced = skim.announced(path, rows)
    old = [row.version for row in rows[announced:] if not row.version.deleted]
    record = skim.record(path)
    if len(old) <= few or (record is not None and record.covers(old[0])):
        return False
    key = thread.key(path)

    def look(version: Version) -> HistoryRow | None:
        try:
            known = thread.store.head(key, version.version_id)
        except NotFoundError:
            return None
        return HistoryRow(path, replace(version, metadata=known.metadata))

    looked_at = in_parallel(look, old, threads=thread.threads)
    seams = [row for row in looked_at if row is not None and thread.is_seam(row)]
    write_seams(thread.store, key, old[0], [row.version.version_id for row in seams])
    return True


def _rows(skim: Skim, path: str) -> Iterator[HistoryRow]:
    cursor = None
    while True:
        page = skim.listed(path, cursor, MAX_ROWS)
        yield from (HistoryRow(path, version) for version in page.versions)
        cursor = page.cursor
        if cursor is None:
            return
