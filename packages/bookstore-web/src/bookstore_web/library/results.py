"""Which notebooks that are not on a server are results of runs: they have no file."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bookstore_core.errors import BookstoreError
from bookstore_core.runs.markers import all_runs
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import KeyPage, Version, VersionStore
from bookstore_web.library.publications import Publications
from bookstore_web.library.shared import SharedAnswers


@dataclass(frozen=True)
class Results:
    """Looks runs up in a store; `listings` and `newest` are shared with others."""

    store: VersionStore
    settings: BookstoreSettings
    listings: SharedAnswers[KeyPage]
    newest: Publications

    def among(self, gone: Sequence[Version]) -> frozenset[str]:
        """Return the keys whose newest version is the result of a run.

        It takes a listing of one key, and if there are runs in the workspace, a request
        for each notebook that is not in memory. Raises retryable errors.
        """
        if not (gone and self._has_runs()):
            return frozenset()
        # No catalogue is asked: it does not know runs.
        found = self.newest.look_up(gone, store=self.store)
        return frozenset(
            version.key
            for version in found
            if version.metadata and version.metadata.run
        )

    def _has_runs(self) -> bool:
        try:
            below = all_runs(self.settings)
            ask = partial(self.store.list_keys, below, limit=1)
            page = self.listings.get((below, None, 1), ask)
        except BookstoreError as error:
            if error.retryable:
                raise
            return False  # it may not be listed
        return bool(page.folders or page.keys)
