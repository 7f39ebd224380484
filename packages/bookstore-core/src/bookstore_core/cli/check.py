"""`jupyter bookstore check`: read every version, and list those that are damaged."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bookstore_core.cli.command import Verb
from bookstore_core.errors import BookstoreError, VersionNotFoundError
from bookstore_core.humanize import say_count
from bookstore_core.paths import printable
from bookstore_core.stores import Version, VersionStore, open_store


@dataclass(frozen=True)
class Damage:
    """A version that cannot be read as it was saved, and why: a sentence."""

    key: str
    version_id: str
    problem: str


class CheckApp(Verb):
    """Read every version in the store, compare it with its sha256, and list damage.

    These are the versions of all notebooks, also of unpublished and moved ones. From
    S3, everything is downloaded. Exit codes: 0 all is as it was saved, 1 something is
    damaged, 3, 5 and 7 the settings or the store refuse it, or the store cannot be
    reached.
    """

    name = "jupyter-bookstore-check"
    description = __doc__
    examples = "jupyter bookstore check"

    def run(self) -> int:
        store = open_store(self.settings())
        self.keys = self.versions = 0
        damaged = list(self._damaged(store))
        found = [asdict(damage) for damage in damaged]
        counts = {"notebooks": self.keys, "versions": self.versions}
        self.show({**counts, "damaged": found}, self._lines(damaged))
        return 1 if damaged else 0

    def _damaged(self, store: VersionStore) -> Iterator[Damage]:
        for key in store.every_key():
            self.keys += 1
            for version in _versions(store, key):
                self.versions += 1
                problem = _problem(store, version)
                if problem:
                    yield Damage(key, version.version_id, problem)

    def _lines(self, damaged: list[Damage]) -> Iterator[str]:
        for damage in damaged:
            yield printable(f"!!  {damage.key}, version {damage.version_id}:")
            yield printable(f"      {damage.problem}")
        versions = say_count(self.versions, "version")
        notebooks = say_count(self.keys, "notebook")
        said = f"{len(damaged)} damaged" if damaged else "all as they were saved"
        yield f"Read {versions} of {notebooks}: {said}."


def _versions(store: VersionStore, key: str) -> Iterator[Version]:
    cursor = None
    while True:
        page = store.list_versions(key, cursor=cursor)
        yield from (version for version in page.versions if not version.deleted)
        cursor = page.cursor
        if cursor is None:
            return


def _problem(store: VersionStore, version: Version) -> str:
    """Read a version; return why it cannot be read, a sentence."""
    try:
        with store.open(version.key, version.version_id) as opened:
            for _ in opened.pieces():
                pass
    except VersionNotFoundError:
        return ""  # removed meanwhile
    except BookstoreError as error:
        if error.retryable:
            # It is one of the version alone if the store answers; else this raises.
            store.list_versions(version.key, limit=1)
        return str(error)
    return ""
