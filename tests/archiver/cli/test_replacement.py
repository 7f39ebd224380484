"""A file that a restore replaces: it is never half written, also after a power cut."""

import os
from pathlib import Path

import pytest

from bookstore_archiver.cli.replacement import draft_of
from harness.durable import record_steps


def test_a_draft_is_on_the_disk_before_it_takes_the_place_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.ipynb"
    target.write_bytes(b"before")
    steps = record_steps(monkeypatch, tmp_path)
    with draft_of(str(target), [b"af", b"ter"]) as draft:
        written = os.path.basename(draft.os_path)
        assert target.read_bytes() == b"before"
        draft.move()
    assert target.read_bytes() == b"after"
    assert steps == [f"sync {written} 5", f"move {written} a.ipynb"]
    assert not (tmp_path / written).exists()
