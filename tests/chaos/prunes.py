"""Kill a prune of many versions again and again; nothing may be torn or lost.

    python -m chaos.prunes [--versions N] [--kills N] [local|s3 ...]

A notebook is filled with versions, and `jupyter bookstore prune` is killed each time
another part of them is gone. Meanwhile one thread reads versions that stay, and another
one saves. Exits with 1 if a version that stays is missing or cannot be read, if a save
is lost, or if what goes is not gone in the end.
"""

import argparse
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bookstore_core.errors import BookstoreError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionMetadata, VersionStore, open_store
from bookstore_core.stores.local.store import LocalStore
from harness.ministack import ministack
from harness.s3_server import make_bucket, s3_client, s3_traits

KEY = "workspace/long.ipynb"
RULES = ("--keep-daily=-1", "--min-age=0d")
START = datetime(2025, 1, 1, tzinfo=UTC)

#: A notebook that does not compress, of which each version changes a little.
CONTENT = random.Random(1).randbytes(20_000)  # noqa: S311


def content(number: int) -> bytes:
    """Return the content of a version."""
    return b"%08d" % number + CONTENT


def put(store: VersionStore, number: int, saved_at: datetime) -> Version:
    """Save a version."""
    data = content(number)
    metadata = VersionMetadata(
        save_id=f"{number:016x}",
        saved_at=saved_at,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    return store.put(KEY, io.BytesIO(data), size=len(data), metadata=metadata)


def listed(store: VersionStore) -> list[Version]:
    """Return all versions, newest first."""
    found, cursor = list[Version](), None
    while True:
        page = store.list_versions(KEY, cursor=cursor, limit=1000)
        found += page.versions
        cursor = page.cursor
        if cursor is None:
            return found


def read(store: VersionStore, version_id: str) -> None:
    """Read a version, and compare its sha256."""
    with store.open(KEY, version_id) as opened:
        for _ in opened.pieces():
            pass


class Beside:
    """Reads versions that stay, and saves, until it is stopped."""

    def __init__(self, store: VersionStore, stays: list[str], first: int) -> None:
        self._store = store
        self._stays = stays
        self._ended = threading.Event()
        self._number = first
        self.reads = 0
        self.saved: list[str] = []
        self.failures: list[str] = []
        self._threads = [
            threading.Thread(target=self._repeat, args=(work,))
            for work in (self._read, self._save)
        ]

    def _repeat(self, work: object) -> None:
        assert callable(work)
        while not self._ended.wait(0.02):
            try:
                work()
            except (BookstoreError, OSError) as error:
                self.failures.append(repr(error))

    def _read(self) -> None:
        read(self._store, random.choice(self._stays))  # noqa: S311
        self.reads += 1

    def _save(self) -> None:
        if len(self.saved) < 300:
            self._number += 1
            now = datetime.now(UTC)
            self.saved.append(put(self._store, self._number, now).version_id)

    def __enter__(self) -> "Beside":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[tuple[VersionStore, dict[str, str]]]:
    """Yield a store whose versions are old, and its settings."""
    if kind == "local":
        traits = {"storage": "local", "local_root": str(folder / "store")}
        yield LocalStore(BookstoreSettings(**traits)), traits
        return
    with ministack(folder / "ministack") as url:
        make_bucket(s3_client(url), "books")
        traits = s3_traits(url, "books")
        yield open_store(BookstoreSettings(**traits)), traits


def fill(store: VersionStore, count: int, traits: dict[str, str]) -> None:
    """Save versions an hour apart, in the past."""
    clock = [START]
    if traits.get("storage") == "local":
        store = LocalStore(BookstoreSettings(**traits), now=lambda: clock[0])
    synced, os.fsync = os.fsync, lambda _: None
    try:
        for number in range(count):
            clock[0] = START + timedelta(hours=number)
            put(store, number, clock[0])
    finally:
        os.fsync = synced


def command(traits: dict[str, str], *words: str) -> list[str]:
    """Return the command that prunes the store."""
    options = [f"--BookstoreSettings.{name}={value}" for name, value in traits.items()]
    program = Path(sys.executable).with_name("jupyter-bookstore")
    return [str(program), "prune", "--all", *RULES, *words, *options]


def run(kind: str, versions: int, kills: int) -> bool:
    """Fill a store, and kill its prune; return whether all is well."""
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as name,
        store_of(kind, Path(name)) as (store, traits),
    ):
        fill(store, versions, traits)
        planned = subprocess.run(
            command(traits, "--json"), check=True, capture_output=True
        )
        [plan] = json.loads(planned.stdout)["notebooks"]
        goes = set(plan["removed"])
        stays = [v.version_id for v in listed(store) if v.version_id not in goes]
        with Beside(store, stays, versions) as beside:
            killed, torn = kill_often(store, traits, kills, len(goes))
            began = time.monotonic()
            subprocess.run(command(traits, "--yes"), check=True, capture_output=True)
            took = time.monotonic() - began
        return report(kind, store, beside, goes, stays, (killed, torn, took))


def kill_often(
    store: VersionStore, traits: dict[str, str], kills: int, goes: int
) -> tuple[int, int]:
    """Kill the prune each time another part is gone; return kills and torn versions."""
    killed = torn = 0
    all_there = len(listed(store))
    for number in range(1, kills + 1):
        process = subprocess.Popen(
            command(traits, "--yes"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        enough = all_there - goes * number // (kills + 2)
        while process.poll() is None and len(listed(store)) > enough:
            pass
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        rows = listed(store)
        for version in random.sample(rows, min(200, len(rows))):
            try:
                read(store, version.version_id)
            except (BookstoreError, OSError) as error:
                print(version.version_id, repr(error))
                torn += 1
    return killed, torn


def report(
    kind: str,
    store: VersionStore,
    beside: Beside,
    goes: set[str],
    stays: list[str],
    counts: tuple[int, int, float],
) -> bool:
    """Print what was found in the end; return whether all is well."""
    killed, torn, took = counts
    left = {version.version_id for version in listed(store)}
    missing = {*stays, *beside.saved[-1:]} - left
    for version_id in left:
        read(store, version_id)
    problems = (len(missing), len(goes & left), torn, len(beside.failures))
    print(
        f"{kind}: {len(goes)} of {len(goes) + len(stays)} versions removed, killed "
        f"{killed} times, the last run took {took:.1f} s; beside it {beside.reads} "
        f"reads and {len(beside.saved)} saves. Missing {problems[0]}, not removed "
        f"{problems[1]}, torn {problems[2]}, failed beside it {problems[3]}."
    )
    for failure in beside.failures[:3]:
        print("  ", failure)
    return not any(problems)


def main() -> int:
    """Run the kinds of stores that the command line names, both by default."""
    parser = argparse.ArgumentParser(prog="chaos.prunes")
    parser.add_argument("kinds", nargs="*", metavar="local|s3")
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    words = parser.parse_args()
    kinds = words.kinds or ["local", "s3"]
    return 0 if all([run(kind, words.versions, words.kills) for kind in kinds]) else 1


if __name__ == "__main__":
    sys.exit(main())
