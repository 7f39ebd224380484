"""Measure prune, copy and check on a whole store, each in a process of its own.

    python -m bench.upkeep [--notebooks N] [--versions N] [--store local|ministack]
                           [--folder DIR]

Prints the seconds, the CPU and the most memory of each command; the copy is killed
after half of its versions and run again. BOOKSTORE_TEST_S3_URL names another server to
be used with `--store named`.
"""

import argparse
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, VersionStore, open_store
from harness.ministack import ministack
from harness.named_s3 import NamedS3
from harness.s3_server import make_bucket, s3_client, s3_traits

START = datetime(2025, 1, 1, tzinfo=UTC)
KEEP = ("--keep-last=10", "--keep-monthly=-1", "--min-age=0d")
KINDS = ("local", "ministack", "named")
Traits = dict[str, str]


def fill(store: VersionStore, notebook: int, versions: int) -> None:
    """Save versions of one notebook, four hours apart, the last one restored."""
    key, restored = f"workspace/{notebook % 100}/{notebook}.ipynb", ""
    for number in range(versions):
        content = json.dumps({"cells": [f"{notebook} {number}\n" * 20]}).encode()
        metadata = VersionMetadata(
            save_id=hashlib.sha256(b"%d %d" % (notebook, number)).hexdigest()[:32],
            saved_at=START + timedelta(hours=4 * number),
            author="ann",
            sha256=hashlib.sha256(content).hexdigest(),
            source_path=key.partition("/")[2],
            restored_from=restored if number == versions - 1 else "",
        )
        made = store.put(key, io.BytesIO(content), size=len(content), metadata=metadata)
        restored = restored or made.version_id


def measure(traits: Traits, *words: str, seconds: float | None = None) -> str:
    """Run a verb, kill it after so many seconds; return what it took and said."""
    options = [f"--BookstoreSettings.{name}={value}" for name, value in traits.items()]
    command = [str(Path(sys.executable).with_name("jupyter-bookstore"))]
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([*command, *words, *options], stdout=out)
        most, ended = 0, 0
        while not ended:
            most = max(most, _memory_of(process.pid))
            time.sleep(0.1)
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if seconds is not None and time.monotonic() > begun + seconds and not ended:
                os.kill(process.pid, signal.SIGKILL)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        last = (out.read().strip().splitlines() or ["nothing"])[-1]
    return (
        f"{words[0]:6} {time.monotonic() - begun:7.1f} s  "
        f"CPU {used.ru_utime + used.ru_stime:7.1f} s  {most / 1024:6.0f} MB  "
        f"exit {process.returncode}: {last}"
    )


def _memory_of(pid: int) -> int:
    """Return the most memory of a process so far, in KB; not that of its parent."""
    text = Path(f"/proc/{pid}/status").read_text()
    return sum(int(n) for n in re.findall(r"^VmHWM:\s+(\d+)", text, re.MULTILINE))


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Traits]:
    """Yield the settings of an empty store."""
    if kind == "local":
        yield {"storage": "local", "local_root": str(folder / "store")}
    elif kind == "named":
        server = NamedS3()
        yield server.settings(server.make_bucket(f"bench-{time.time_ns()}"))
    else:
        with ministack(folder / "ministack") as url:
            make_bucket(s3_client(url), "bench")
            yield s3_traits(url, "bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line selects."""
    parser = argparse.ArgumentParser(prog="bench.upkeep")
    parser.add_argument("--notebooks", type=int, default=3000)
    parser.add_argument("--versions", type=int, default=100)
    parser.add_argument("--store", choices=KINDS, default="local")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="upkeep-", dir=given.folder) as name,
        opened(given.store, Path(name)) as traits,
    ):
        store, begun = open_store(BookstoreSettings(**traits)), time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            many = range(given.notebooks)
            list(pool.map(lambda n: fill(store, n, given.versions), many))
        filled = time.monotonic() - begun
        versions = given.notebooks * given.versions
        print(f"{versions} versions, filled in {filled:.0f} s", flush=True)
        run(traits, Path(name), filled)
    return 0


def run(traits: Traits, folder: Path, filled: float) -> None:
    """Measure one verb after another."""
    to = f"--to={folder / 'copy'}"
    for words, seconds in (
        (("prune", "--all", *KEEP), None),
        (("copy", to), filled / 4),
        (("copy", to), None),
        (("copy", to), None),
        (("check", "--sample=5%"), None),
        (("prune", "--all", *KEEP, "--yes"), 20),
        (("prune", "--all", *KEEP, "--yes"), None),
        (("prune", "--all", *KEEP, "--yes"), None),
    ):
        print(measure(traits, *words, seconds=seconds), flush=True)


if __name__ == "__main__":
    sys.exit(main())
