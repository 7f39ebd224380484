"""Whether the directory of a local store is there, for the report on the spool.

It may be on a network drive whose server does not answer, and then the kernel makes
whoever opens it wait without end. So a thread opens it, one at a time for each store.
"""

import threading

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store

#: Seconds for which a report waits.
PATIENCE = 2.0

_lock = threading.Lock()
_waiting: dict[str, threading.Thread] = {}


def local_store_problem(settings: BookstoreSettings) -> tuple[str, ...]:
    """Return why the local store of these settings cannot be read, in a sentence.

    Nothing if it can be, or if the settings name another kind of store.
    """
    if settings.storage != "local" or settings.missing:
        return ()
    from bookstore_core.stores.local.store import LocalStore

    store = open_store(settings)
    assert isinstance(store, LocalStore)
    found: list[str] = []

    def look() -> None:
        found.append(store.problem())

    with _lock:
        thread = _waiting.get(store.location)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(target=look, name="store-look", daemon=True)
            _waiting[store.location] = thread
            thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        return (
            f"The local store {store.location} does not answer: its directory could "
            f"not be opened within {PATIENCE:g} seconds. Check the drive that it is "
            "on.",
        )
    # Another report's thread has answered meanwhile; then there was no time limit.
    problem = found[0] if found else store.problem()
    return (problem,) if problem else ()
