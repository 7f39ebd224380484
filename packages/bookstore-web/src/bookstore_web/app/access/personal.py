"""What the shelves are for one person: their settings, their store, their folder."""

from collections.abc import Hashable, Iterable
from functools import lru_cache

from bookstore_core.errors import ForbiddenError
from bookstore_core.paths import DELIMITER, printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_core.stores.service.store import ServiceStore
from bookstore_web.app.access.guarded_store import GuardedStore
from bookstore_web.app.access.people import Person, group_folder_of
from bookstore_web.app.access.policy import Policy, Readable

#: People whose settings are in memory.
MOST_KEPT = 1000


class Personal:
    """The shelves for one person, by the rules."""

    def __init__(
        self, person: Person, policy: Policy, settings: BookstoreSettings
    ) -> None:
        self._person = person
        self._policy = policy
        self._buckets = settings.clone_buckets if settings.enable_s3_cloning else ()
        self.settings = _settings_of(
            settings, policy.workspace_of(person), policy.published
        )

    @property
    def readable(self) -> Readable:
        """What the person may read."""
        return self._policy.readable(self._person)

    def check_readable(self, keys: Iterable[str]) -> None:
        """Raise ForbiddenError if the person may not read one of these keys."""
        for key in keys:
            if not self._policy.may_read(self._person, key):
                raise ForbiddenError(f"You may not read {printable(key)}.")

    @property
    def scope(self) -> Hashable:
        """A value that differs from that of everybody who may read other keys."""
        return self.settings.workspace_prefix, self.readable

    def guard(self, store: VersionStore) -> VersionStore:
        """Return the store that does what the rules allow this person."""
        return GuardedStore(store, self._person, self._policy, buckets=self._buckets)

    def published_path(self, path: str, group: str = "") -> str:
        """Return the path on the published shelf of what is published as `path`.

        Raises ForbiddenError for a group that is not theirs.
        """
        folder = self._policy.shelf_folder(self._person, group)
        plain = path.strip(DELIMITER)
        return f"{folder}/{plain}" if plain else ""


def published_path_at(store: VersionStore, path: str, group: str) -> str:
    """Return the path where a person's server publishes `path` through a service."""
    assert isinstance(store, ServiceStore)
    own = store.introduction().folder
    folder = group_folder_of(group) if group else own
    plain = path.strip(DELIMITER)
    return f"{folder}/{plain}" if folder and plain else plain


@lru_cache(MOST_KEPT)
def _settings_of(
    settings: BookstoreSettings, workspace: str, published: str
) -> BookstoreSettings:
    """Return the settings with these prefixes; making them takes a millisecond."""
    shelves = {"workspace_prefix": workspace, "published_prefix": published}
    return BookstoreSettings.from_config(settings.as_config() | shelves)
