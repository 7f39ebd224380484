"""A local store: long histories, large folders, and notebooks that change a little."""

import json
from collections.abc import Callable
from pathlib import Path

from bench.sizes.filling import (
    KEY,
    megabyte,
    plant_versions,
    put,
    small,
)
from bench.sizes.growth import Growth, cpu_of, metered, steps_to
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from bookstore_web.library.library import Library
from harness.notebook_server import notebook

#: How often each call is repeated.
TIMES = 20


def _store(folder: Path) -> VersionStore:
    settings = BookstoreSettings(storage="local", local_root=str(folder))
    store = open_store(settings)
    store.prepare()
    return store


def measure_long_history(folder: Path, size: int) -> list[Growth]:
    """Measure puts, reads and pages as the versions of a key become more."""
    store = _store(folder)
    first = put(store, small(0))
    [sidecar] = Path(store.location).rglob("*.meta.json")
    of = "versions"
    puts = Growth("put, local store: CPU", "ms", of, 1)
    reads = Growth("read, local store: CPU", "ms", of, 1)
    pages = Growth("page of 50 of versions, local store: CPU", "ms", of, 15)

    def read() -> None:
        with store.open(KEY, first.version_id) as opened:
            opened.read(10**6)

    planted = 0
    for step in steps_to(size):
        plant_versions(sidecar.parent, planted, step)
        planted = step
        put(store, small(1))  # what was planted is noticed
        puts.add(step, cpu_of(lambda: put(store, small(2)), times=TIMES))
        reads.add(step, cpu_of(read, times=TIMES))
        pages.add(step, cpu_of(lambda: store.list_versions(KEY, limit=50), times=TIMES))
    return [puts, reads, pages]


def measure_flat_folder(folder: Path, size: int) -> list[Growth]:
    """Search among all notebooks of one folder."""
    store = _store(folder)
    put(store, small(0), key="workspace/flat/000000.ipynb")
    [sidecar] = Path(store.location).rglob("*.meta.json")
    content = next(
        file for file in sidecar.parent.iterdir() if file.suffix == ".ipynb"
    ).read_bytes()
    search = Growth("search in one folder, local store: CPU", "s", "notebooks", 2)
    made = 1
    for step in steps_to(size):
        for number in range(made, step):
            there = sidecar.parent.with_name(
                sidecar.parent.name.replace("000000", f"{number:06}")
            )
            there.mkdir()
            (there / sidecar.name).write_bytes(sidecar.read_bytes())
            (there / sidecar.name.replace(".meta.json", ".ipynb")).write_bytes(content)
        made = max(made, step)
        with metered() as meter:
            _search(store)
        search.add(step, meter.cpu)
    return [search]


def _search(store: VersionStore) -> int:
    """Search the folder as people do in the pages; return how much is found."""
    library, found, cursor = Library(store, "workspace"), 0, None
    while True:
        page = library.search("00000", "flat", cursor=cursor)
        found += len(page.notebooks)
        cursor = page.cursor
        if cursor is None:
            return found


def measure_small_changes(folder: Path, saves: int) -> list[Growth]:
    """Save a notebook of 1 MB again and again, each time with a line changed."""
    store = _store(folder)
    lines = megabyte()
    size = Growth("saves of 1 MB with a line changed: on disk", "MB", "saves", 8)
    cpu = Growth("saves of 1 MB with a line changed: CPU each", "ms", "saves", 3)
    contents: list[bytes] = []
    for number in range(saves):
        lines[number * 37 % len(lines)] = f"changed = {number}\n"
        contents.append(json.dumps(notebook("".join(lines)), indent=1).encode())
    spent = 0.0
    for number, content in enumerate(contents):
        keep = _putting(store, content)
        spent += cpu_of(keep, times=1)
        if number + 1 in steps_to(saves):
            size.add(number + 1, _disk_usage(folder) / 1e6)
            cpu.add(number + 1, spent / (number + 1))
    return [size, cpu]


def _disk_usage(folder: Path) -> int:
    """Return the bytes of the blocks that the files of a folder take."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return sum(file.stat().st_blocks * 512 for file in files)


def _putting(store: VersionStore, content: bytes) -> Callable[[], object]:
    return lambda: put(store, content)
