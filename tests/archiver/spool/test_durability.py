"""What is on the disk when a save counts, so that it survives a power cut."""

from pathlib import Path

import pytest

from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from harness.durable import record_steps


def test_a_save_is_on_the_disk_before_it_counts(
    spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(spool_dir)
    spool.make()
    steps = record_steps(monkeypatch, spool_dir)
    source = BytesSource(b'{"cells": []}')
    entry = spool.add(source, key="a.ipynb", author="ann", source_path="a.ipynb")
    written = steps[0].split()[1]
    assert Path(written).parent == Path("tmp")
    assert steps == [
        f"sync {written} {(spool_dir / 'new' / entry.name).stat().st_size}",
        f"move {written} new/{entry.name}",
        "sync new",
    ]
