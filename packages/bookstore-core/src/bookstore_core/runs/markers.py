"""Markers of runs: small objects by which the runs of a notebook are listed.

Each is in the workspace of who ran the notebook, whatever shelf that one is on::

    {workspace}/.bookstore/runs/{digest of the notebook}/{order},{version id},{place}

The digest is of the shelf's name and the path there. Later runs have a smaller order.
The place is shelf and path of the run, or ``-`` for the usual one. A marker is written
after the version that it names, so one may be missing: that run is not in the list. One
whose version is gone, or is no run of the notebook, has no effect.
"""

import hashlib
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

from bookstore_core.errors import BookstoreError, InvalidRequestError, NotFoundError
from bookstore_core.history.shelves import PUBLISHED, SHELVES, WORKSPACE, Shelf
from bookstore_core.moved_notes import NOTE_TYPE
from bookstore_core.parallel import in_parallel
from bookstore_core.paths import DELIMITER, OWN_FOLDER, check_length, printable
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Version, VersionMetadata

log = logging.getLogger(__name__)

#: The folder of the workspace in which runs are kept.
FOLDER = "runs"

#: What the order is counted down from, in microseconds since 1970: the year 5138.
_LAST = 10**17
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL = "-"

#: As in the markers of labels: `%` breaks listings of some servers.
_UNSAFE = re.compile(rb"^\.|[^A-Za-z0-9._\-]")
_ESCAPED = re.compile(rb"=([0-9A-F]{2})")


@dataclass(frozen=True)
class RunPage:
    """Runs of a notebook, newest first, as versions with metadata."""

    runs: tuple[Version, ...]
    cursor: str | None = None


def run_path(path: str) -> str:
    """Return the usual path, in the workspace, of the runs of the notebook at `path`.

    A run that runs itself is kept with itself.
    """
    below = path.startswith(FOLDER + DELIMITER)
    return path if below else f"{FOLDER}{DELIMITER}{path}"


def shelf_of(settings: BookstoreSettings, key: str) -> tuple[Shelf, str]:
    """Return the shelf of a key, and the path there.

    Raises InvalidRequestError for a key that is on no shelf.
    """
    prefixes = [(shelf.prefix(settings), shelf) for shelf in (WORKSPACE, PUBLISHED)]
    for prefix, shelf in sorted(prefixes, key=lambda pair: -len(pair[0])):
        if prefix and key.startswith(prefix + DELIMITER):
            return shelf, shelf.path(settings, key)
    raise InvalidRequestError(f"{key} is on no shelf.")


def record_run(
    store: VersionStore, settings: BookstoreSettings, version: Version
) -> bool:
    """Write the marker of a version that is a run; return whether it is written.

    What fails is logged, and costs only the row in the list of runs.
    """
    metadata = version.metadata
    if metadata is None or metadata.run is None or not metadata.run.of:
        return False
    try:
        place = marker_key(settings, version, metadata)
        store.put(
            place,
            BytesIO(),
            size=0,
            metadata=VersionMetadata(metadata.save_id, metadata.saved_at),
            content_type=NOTE_TYPE,
        )
    except BookstoreError as error:
        log.warning(
            "Run %s of %s is not in the list of its runs: %s",
            version.version_id,
            printable(metadata.run.of),
            printable(str(error)),
        )
        return False
    return True


def is_recorded(
    store: VersionStore, settings: BookstoreSettings, version: Version
) -> bool:
    """Return whether a version needs no marker, or has one. Raises retryable errors."""
    metadata = version.metadata
    if metadata is None or metadata.run is None or not metadata.run.of:
        return True
    try:
        store.head(marker_key(settings, version, metadata))
    except NotFoundError:
        return False
    except BookstoreError as error:
        if error.retryable:
            raise
    return True  # as far as it can be known


def marker_key(
    settings: BookstoreSettings, version: Version, metadata: VersionMetadata
) -> str:
    """Return the key of the marker of a run; raises InvalidRequestError if too long."""
    source = metadata.run.of if metadata.run else ""
    passed = (metadata.saved_at - _EPOCH) // timedelta(microseconds=1)
    order = f"{min(max(_LAST - passed, 0), _LAST):018d}"
    known = _escape(version.version_id)
    place = _place(settings, source, version.key)
    key = f"{_markers_folder(settings, source)}{order},{known},{place}"
    return check_length(key, what="key")


def version_id_of(marker: str) -> str:
    """Return the id of the version that a marker's key names; empty or nothing."""
    parts = marker.rpartition(DELIMITER)[2].split(",")
    return _unescape(parts[1]) if len(parts) == 3 else ""


def _place(settings: BookstoreSettings, source: str, key: str) -> str:
    shelf, path = shelf_of(settings, key)
    usual = run_path(shelf_of(settings, source)[1])
    if (shelf, path) == (WORKSPACE, usual):
        return _USUAL
    return _escape(f"{shelf.name}{DELIMITER}{path}")


def runs_of(
    store: VersionStore,
    settings: BookstoreSettings,
    key: str,
    *,
    limit: int = 20,
    cursor: str | None = None,
) -> RunPage:
    """Return the runs of the notebook with this key, newest first.

    `limit` markers are looked at; a page has fewer runs if versions are gone. A run
    that was published as well is there once. Asks for one listing, and one HEAD for
    each marker.
    """
    folder = _markers_folder(settings, key)
    page = store.list_keys(folder, cursor=cursor, limit=limit)

    def look(marker: str) -> Version | None:
        try:
            return _run_at(store, settings, key, marker.removeprefix(folder))
        except BookstoreError as error:
            if error.retryable:
                raise
            return None  # it is gone, or may not be read

    markers = [row.key for row in page.keys]
    found = in_parallel(look, markers, threads=settings.max_threads)
    runs = [version for version in found if version is not None]
    own = [_run(version) for version in runs if not _is_published(settings, version)]
    shown = (
        version
        for version in runs
        if not (_is_published(settings, version) and _run(version) in own)
    )
    return RunPage(tuple(shown), page.cursor)


def _run(version: Version) -> Run | None:
    return version.metadata.run if version.metadata else None


def _is_published(settings: BookstoreSettings, version: Version) -> bool:
    return shelf_of(settings, version.key)[0] is PUBLISHED


def _run_at(
    store: VersionStore, settings: BookstoreSettings, source: str, name: str
) -> Version | None:
    parts = name.split(",")
    if len(parts) != 3:
        return None
    version_id, place = _unescape(parts[1]), _unescape(parts[2])
    if place == _USUAL:
        path = run_path(shelf_of(settings, source)[1])
        run_key = WORKSPACE.key(settings, path)
    else:
        shelf, _, path = place.partition(DELIMITER)
        if shelf not in SHELVES:
            return None
        run_key = SHELVES[shelf].key(settings, path)
    found = store.head(run_key, version_id)
    run = _run(found)
    return found if run is not None and run.of == source else None


def all_runs(settings: BookstoreSettings) -> str:
    """Return what the keys of all markers begin with.

    Raises ConfigurationError without a workspace.
    """
    WORKSPACE.check(settings)
    return f"{WORKSPACE.prefix(settings)}{DELIMITER}{OWN_FOLDER}/{FOLDER}/"


def _markers_folder(settings: BookstoreSettings, source: str) -> str:
    return f"{all_runs(settings)}{digest_of(settings, source)}/"


def digest_of(settings: BookstoreSettings, source: str) -> str:
    """Return what stands for a notebook in the keys of its markers."""
    shelf, path = shelf_of(settings, source)
    named = f"{shelf.name}{DELIMITER}{path}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).hexdigest()[:32]


def _escape(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    escaped = _UNSAFE.sub(lambda found: f"={found[0][0]:02X}".encode(), data)
    return escaped.decode("ascii")


def _unescape(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return _ESCAPED.sub(lambda f: bytes([int(f[1], 16)]), data).decode(
        "utf-8", "replace"
    )
