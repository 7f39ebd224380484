"""Publications: who published a notebook, when, and under which title.

A listing of keys has none of this, so it takes one request for each notebook that no
catalogue knows. The answers stay in memory: a version is immutable.
"""

from collections.abc import Callable, Mapping, Sequence
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
#: Returns versions as they were listed with their metadata, by their keys: those that
#: it knows without a request to the store.
Describe = Callable[[Sequence[Version]], Mapping[str, Version]]
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
        self,
        listed: Sequence[Version],
        *,
        store: VersionStore,
        describe: Describe = lambda listed: {},
    ) -> tuple[Version, ...]:
        """Return the newest versions of these keys, with their metadata.

        `listed` are the versions in a listing of keys. One that may not be read, or was
        removed meanwhile, is returned as it is. Those in memory, and those that
        `describe` returns, take no request. Raises retryable errors of the store.
        """
        unknown = [found for found in listed if self._known.get(_place(found)) is None]
        described = describe(unknown) if unknown else {}

        def look(version: Version) -> Version:
            if (known := self._known.get(_place(version))) is not None:
                return known
            if (known := described.get(version.key)) is not None:
                return known
            try:
                found = store.head(version.key)
            except BookstoreError as error:
                if error.retryable:
                    raise
                return version
            if found.stored_at < utc_now() - FRESH:
                self._known.put(_place(version), found)
            return found

        return tuple(in_parallel(look, listed, threads=THREADS))


def _place(version: Version) -> tuple[object, ...]:
    return (version.key, version.stored_at, version.size, version.version_id)
