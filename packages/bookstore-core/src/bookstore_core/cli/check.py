"""`jupyter bookstore check`: read versions, and list those that are damaged."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from traitlets import Unicode

from bookstore_core.cli.command import Verb
from bookstore_core.clock import utc_now
from bookstore_core.errors import (
    BookstoreError,
    InvalidRequestError,
    VersionNotFoundError,
)
from bookstore_core.humanize import say_count
from bookstore_core.paths import is_own, printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore, open_store
from bookstore_core.stores.local.upkeep.leftovers import Leftover, leftovers
from bookstore_core.upkeep.run_markers import dangling

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)%?", re.ASCII)

WHAT_TO_DO = (
    "Take damaged versions from a backup, or from a copy of the store; all others can "
    "be used."
)


RUN_GONE = (
    "It lists a run whose version is gone. 'jupyter bookstore doctor --repair' "
    "removes it."
)


@dataclass(frozen=True)
class Damage:
    """A version that cannot be read as it was saved, and why: a sentence."""

    key: str
    version_id: str
    problem: str


class CheckApp(Verb):
    """Read every version in the store, compare it with its sha256, and list damage.

    These are the versions of all notebooks, also of unpublished and moved ones, and
    bookstore's own records, which are not counted. From S3, everything is downloaded;
    --sample=5% reads a random part of the versions, and --seed, which is printed, the
    same part again. Also listed, and harmless: what other programs wrote, in a
    directory what a crash has left behind, and markers of runs that are gone. Exit
    codes: 0 all is as it was saved, 1 something is damaged, 2 the command line is not
    valid, 3, 5 and 7 the settings or the store refuse it, or the store cannot be
    reached.
    """

    name = "jupyter-bookstore-check"
    description = __doc__
    examples = """
    jupyter bookstore check
    jupyter bookstore check --sample=5%
    """
    sample = Unicode("100%", help="Read so many of the versions: 5%.").tag(config=True)
    seed = Unicode(
        "", help="Read the versions that a check with this seed has read."
    ).tag(config=True)
    aliases = {  # noqa: RUF012
        **Verb.aliases,
        "sample": "CheckApp.sample",
        "seed": "CheckApp.seed",
    }

    def run(self) -> int:
        part = _part_of(self.sample)
        settings = self.settings()
        store = open_store(settings)
        self.chosen = self.seed or secrets.token_hex(4)
        self.keys = self.versions = self.read = self.size = 0
        self.foreign: list[str] = []
        damaged = list(self._damaged(store, part))
        left = [*_leftovers(settings, store), *_markers(store)]
        value = {
            "notebooks": self.keys,
            "versions": self.versions,
            "read": self.read,
            "bytes": self.size,
            "seed": self.chosen if part < 1 else None,
            "damaged": [asdict(damage) for damage in damaged],
            "foreign": self.foreign,
            "leftovers": [asdict(one) for one in left],
        }
        self.show(value, self._lines(damaged, left, part))
        return 1 if damaged else 0

    def _damaged(self, store: VersionStore, part: float) -> Iterator[Damage]:
        for key in store.every_key():
            # Records of our own, such as markers of labels, are read and not counted.
            counts = not is_own(key)
            self.keys += counts
            for version in _versions(store, key):
                self.versions += counts
                if not _is_chosen(version, self.chosen, part):
                    continue
                self.read += counts
                problem = self._problem(store, version)
                if problem:
                    yield Damage(key, version.version_id, problem)

    def _problem(self, store: VersionStore, version: Version) -> str:
        """Read a version; return why it cannot be read, a sentence."""
        try:
            with store.open(version.key, version.version_id) as opened:
                for piece in opened.pieces():
                    self.size += len(piece)
                if opened.version.metadata is None and not is_own(version.key):
                    self.foreign.append(f"{version.key}, version {version.version_id}")
            if opened.version.size != version.size:
                return (
                    f"It is listed with {version.size} bytes, and has "
                    f"{opened.version.size}."
                )
        except VersionNotFoundError:
            return ""  # removed meanwhile
        except BookstoreError as error:
            if error.retryable:
                # It is one of the version alone if the store answers; else this raises.
                store.list_versions(version.key, limit=1)
            return str(error)
        return ""

    def _lines(
        self, damaged: list[Damage], left: list[Leftover], part: float
    ) -> Iterator[str]:
        for damage in damaged:
            yield printable(f"!!  {damage.key}, version {damage.version_id}:")
            yield printable(f"      {damage.problem}")
        for name in self.foreign:
            yield printable(f"    {name}: another program wrote it.")
        for one in left:
            yield printable(f"    {one.place}: {one.problem}")
        versions = say_count(self.read, "version")
        if part < 1:
            versions = f"{self.read} of {say_count(self.versions, 'version')}"
        notebooks = say_count(self.keys, "notebook")
        said = f"{len(damaged)} damaged" if damaged else "all as they were saved"
        yield f"Read {versions} of {notebooks}: {said}."
        if damaged:
            yield WHAT_TO_DO
        if part < 1:
            yield f"The same part again: --sample={self.sample} --seed={self.chosen}"


def _part_of(text: str) -> float:
    """Return the part that a text such as ``5%`` names; raises InvalidRequestError."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None or not 0 < float(found[1]) <= 100:
        raise InvalidRequestError(
            f"{text!a} is no part of the versions. Write a percentage, such as 5%."
        )
    return float(found[1]) / 100


def _is_chosen(version: Version, seed: str, part: float) -> bool:
    """Return whether a version is in the part; each seed chooses always the same."""
    named = f"{seed}\n{version.key}\n{version.version_id}"
    digest = hashlib.sha256(named.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) < part * 2**64


def _versions(store: VersionStore, key: str) -> Iterator[Version]:
    cursor = None
    while True:
        page = store.list_versions(key, cursor=cursor)
        yield from (version for version in page.versions if not version.deleted)
        cursor = page.cursor
        if cursor is None:
            return


def _markers(store: VersionStore) -> Iterator[Leftover]:
    """Yield markers of runs that are gone, if the store lists all to who asks."""
    yield from (Leftover(key, RUN_GONE) for key in dangling(store))


def _leftovers(settings: BookstoreSettings, store: VersionStore) -> Iterator[Leftover]:
    if settings.storage == "local":
        yield from leftovers(Path(store.location), utc_now())
