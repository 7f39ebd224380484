"""All measurements that grow with a size, one after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from bench.sizes.directory import (
    measure_flat_folder,
    measure_long_history,
    measure_small_changes,
)
from bench.sizes.folders import measure_folders
from bench.sizes.growth import Growth
from bench.sizes.history import measure_history
from bench.sizes.pages import measure_pages
from bench.sizes.restoring import measure_restoring
from bench.sizes.waiting import measure_waiting
from harness.notebook_server import Generation


@dataclass(frozen=True)
class Sizes:
    """How much there is of everything; `large` is in MB."""

    versions: int = 10_000
    in_directory: int = 50_000
    in_folder: int = 100_000
    changes: int = 200
    notebooks: int = 2_000
    files: int = 20_000
    waiting: int = 50_000
    large: int = 100


#: For the smoke test: one size of each.
FEW = Sizes(*[1] * len(fields(Sizes)))


def measure_sizes(
    generations: Sequence[Generation], folder: Path, sizes: Sizes
) -> Iterator[list[Growth]]:
    """Yield what was measured, part by part."""
    folder.mkdir()
    yield measure_history(folder / "history", sizes.versions)
    yield measure_long_history(folder / "directory", sizes.in_directory)
    yield measure_flat_folder(folder / "flat", sizes.in_folder)
    yield measure_small_changes(folder / "changes", sizes.changes)
    yield measure_pages("modern", folder / "pages", sizes.notebooks)
    for generation in generations:
        yield measure_folders(generation, folder / f"{generation}-files", sizes.files)
        yield measure_waiting(generation, folder / f"{generation}-wait", sizes.waiting)
        yield measure_restoring(generation, folder / f"{generation}-large", sizes.large)
