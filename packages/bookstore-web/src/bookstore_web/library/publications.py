"""Publications: who published a notebook, when, and under which title.

A listing of keys has none of this, so it takes one request for each notebook. The
answers stay in memory: a version is immutable.
"""

from collections.abc import Sequence
from datetime import timedelta

from bookstore_core.clock import utc_now
from bookstore_core.errors import BookstoreError
from bookstore_core.parallel import in_parallel
from bookstore_core.stores import Version, VersionStore
from bookstore_web.versions.cache import SizedCache

#: The number of versions in memory.
ROOM = 5000
#: Parallel requests to the store.
THREADS = 8
#: Stores tell times in seconds: two versions with the time of this second may look the
#: same in a listing.
FRESH = timedelta(seconds=5)


class Publications:
    """Remembers the newest versions of published notebooks, for all callers.

    Whoever looks a version up has it from a listing, so they may read it.
    """

    def __init__(self) -> None:
        self._known: SizedCache[Version] = SizedCache(ROOM)

    def look_up(
        self, listed: Sequence[Version], *, store: VersionStore
    ) -> tuple[Version, ...]:
        """Return the newest versions of these keys, with their metadata.

        `listed` are the versions in a listing of keys. One that may not be read, or was
        removed meanwhile, is returned as it is. Raises retryable errors of the store.
        """

        def look(version: Version) -> Version:
            place = (version.key, version.stored_at, version.size, version.version_id)
            if (known := self._known.get(place)) is not None:
                return known
            try:
                found = store.head(version.key)
            except BookstoreError as error:
                if error.retryable:
                    raise
                return version
            if found.stored_at < utc_now() - FRESH:
                self._known.put(place, found)
            return found

        return tuple(in_parallel(look, listed, threads=THREADS))
