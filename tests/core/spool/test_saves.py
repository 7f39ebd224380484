"""The spool's form on disk: trailers, names, counts."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bookstore_core.errors import SpoolError
from bookstore_core.runs.run import Run
from bookstore_core.spool.directory import MOST_SIZES, count_spool
from bookstore_core.spool.saves import Trailer, entry_name, read_trailer, time_of
from bookstore_core.stores import VersionMetadata

SAVED = datetime(2026, 11, 23, 18, 32, 25, 123456, tzinfo=UTC)
TRAILER = Trailer(
    key="workspace/ü.ipynb",
    size=2,
    metadata=VersionMetadata(
        save_id="1f",
        saved_at=SAVED,
        author="änn",
        sha256="ab" * 32,
        source_path="ü.ipynb",
    ),
)


def trailer_with(**known: str) -> Trailer:
    return replace(TRAILER, metadata=replace(TRAILER.metadata, **known))


def test_a_save_is_the_notebook_and_a_line_that_describes_it() -> None:
    file = io.BytesIO(b"{}" + TRAILER.encode())
    assert read_trailer(file) == TRAILER
    assert file.tell() == 0
    assert TRAILER.encode().isascii()
    assert TRAILER.encode().endswith(b"}\n")


def test_the_members_of_the_line_are_in_their_order() -> None:
    assert list(json.loads(TRAILER.encode())) == [
        *("bookstore_spool", "key", "size", "sha256", "save_id", "saved_at"),
        *("author", "source_path", "restored_from", "restored_path", "moved_from"),
        *("only_if_changed", "os_path"),
    ]


def test_a_save_without_a_sha256_has_a_form_that_older_releases_leave() -> None:
    assert json.loads(TRAILER.encode())["bookstore_spool"] == 1
    later = trailer_with(sha256="")
    assert json.loads(later.encode())["bookstore_spool"] == 2
    assert read_trailer(io.BytesIO(b"{}" + later.encode())) == later


def test_a_run_has_a_form_that_older_releases_leave() -> None:
    run = Run("workspace/a.ipynb", "v1", SAVED.replace(microsecond=0), 1.5)
    later = replace(TRAILER, metadata=replace(TRAILER.metadata, run=run))
    assert json.loads(later.encode())["bookstore_spool"] == 3
    assert read_trailer(io.BytesIO(b"{}" + later.encode())) == later


def test_only_a_save_with_a_title_has_a_member_for_it() -> None:
    assert "title" in json.loads(trailer_with(title="Sales").encode())
    read = read_trailer(io.BytesIO(b"{}" + trailer_with(title="Sales").encode()))
    assert read.metadata.title == "Sales"


def test_the_trailer_contains_the_metadata_of_the_version() -> None:
    metadata = read_trailer(io.BytesIO(b"{}" + TRAILER.encode())).metadata
    assert (metadata.save_id, metadata.author) == ("1f", "änn")
    assert metadata.saved_at == SAVED


def test_a_save_with_every_metadata_field_is_read_back() -> None:
    trailer = trailer_with(
        restored_from="v1", restored_path="old/ü.ipynb", moved_from="older/ü.ipynb"
    )
    trailer = replace(trailer, only_if_changed=True)
    read = read_trailer(io.BytesIO(b"{}" + trailer.encode()))
    assert read == trailer
    metadata = read.metadata
    assert (metadata.restored_from, metadata.restored_path) == ("v1", "old/ü.ipynb")
    assert metadata.moved_from == "older/ü.ipynb"


def test_a_save_with_the_longest_paths_is_read_back() -> None:
    path = "\x01" * 1024
    trailer = trailer_with(source_path=path, restored_path=path, moved_from=path)
    trailer = replace(trailer, key=path)
    assert read_trailer(io.BytesIO(b"{}" + trailer.encode())) == trailer


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"{}\n",
        b"\n",
        b"{}" + TRAILER.encode()[:-1],
        b"{}" + TRAILER.encode()[:-20],
        b"{" + TRAILER.encode(),
        b"{}}" + TRAILER.encode(),
        b"{}" + TRAILER.encode().replace(b'"bookstore_spool": 1', b'"x": 1'),
        b"{}\n[]\n",
        b"{}\n\xff\n",
        b"{}" + TRAILER.encode().replace(b"2026-11-23", b"some day  "),
    ],
)
def test_a_torn_or_foreign_file_is_not_a_save(content: bytes) -> None:
    with pytest.raises(SpoolError):
        read_trailer(io.BytesIO(content))


def test_names_sort_by_time_and_contain_it() -> None:
    later = SAVED.replace(microsecond=123457)
    names = [entry_name(SAVED, "ff"), entry_name(later, "00")]
    assert names == sorted(names)
    assert [time_of(name) for name in names] == [SAVED, later]
    assert time_of("foreign") is None


def test_a_spool_is_counted(tmp_path: Path) -> None:
    for folder in ("tmp", "new", "cur", "failed"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tmp" / "half").write_bytes(b"x" * 100)
    (tmp_path / "new" / entry_name(SAVED, "b")).write_bytes(b"xx")
    older = SAVED.replace(year=2025)
    (tmp_path / "cur" / entry_name(older, "a")).write_bytes(b"xxx")
    (tmp_path / "failed" / "odd").write_bytes(b"x")
    (tmp_path / "failed" / "odd.reason").write_text("It is torn.")
    counts = count_spool(str(tmp_path))
    assert (counts.pending, counts.in_flight, counts.failed) == (1, 1, 1)
    assert (counts.bytes, counts.oldest) == (5, older)


def test_the_bytes_of_a_large_spool_are_estimated(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    for number in range(MOST_SIZES + 100):
        (tmp_path / "new" / entry_name(SAVED, f"{number:04}")).write_bytes(b"xyz")
    counts = count_spool(str(tmp_path))
    assert (counts.pending, counts.bytes) == (600, 1800)
    assert counts.oldest == SAVED


def test_the_oldest_save_is_found_beside_other_files(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    for name in ("0-notes", entry_name(SAVED, "b"), ".nfs1"):
        (tmp_path / "new" / name).write_bytes(b"x")
    counts = count_spool(str(tmp_path))
    assert (counts.pending, counts.oldest) == (2, SAVED)


def test_a_spool_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    counts = count_spool(str(tmp_path / "none"))
    assert (counts.pending, counts.oldest) == (0, None)


GOOD = {
    "bookstore_spool": 1,
    "key": "workspace/a.ipynb",
    "size": 2,
    "sha256": "ab" * 32,
    "save_id": "0" * 16,
    "saved_at": "2026-11-23T18:32:25+00:00",
    "author": "",
    "source_path": "a.ipynb",
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": "2"},
        {"size": 2.0},
        {"size": True},
        {"sha256": ""},
        {"key": 5},
        {"key": ""},
        {"key": [1]},
        {"key": "a/../b"},
        {"key": "\ud800"},
        {"saved_at": "0001-01-01T00:00:00+23:00"},
        {"saved_at": "9999-12-31T23:59:59-10:00"},
        {"saved_at": 5},
        {"author": None},
        {"moved_from": None},
        {"restored_from": 1},
        {"only_if_changed": 1},
        {"only_if_changed": "yes"},
        {"unheard_of": ""},
    ],
)
def test_a_trailer_with_a_wrong_value_is_not_a_save(wrong: dict[str, object]) -> None:
    line = json.dumps({**GOOD, **wrong}).encode("ascii")
    with pytest.raises(SpoolError, match="not a save"):
        read_trailer(io.BytesIO(b"{}\n" + line + b"\n"))


def test_a_last_line_that_is_nested_too_deeply_is_not_a_save() -> None:
    with pytest.raises(SpoolError, match="not a save"):
        read_trailer(io.BytesIO(b"{}\n" + b"[" * 5000 + b"\n"))


def test_a_save_without_the_newer_metadata_fields_is_read() -> None:
    line = json.dumps(GOOD).encode("ascii")
    trailer = read_trailer(io.BytesIO(b"{}\n" + line + b"\n"))
    assert (trailer.size, trailer.metadata.moved_from) == (2, "")
    assert not trailer.only_if_changed


def test_files_of_the_file_system_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".nfs0001").touch()
    assert count_spool(str(tmp_path)).waiting == 0


@pytest.mark.parametrize("name", ["author", "sha256", "source_path", "save_id", "key"])
def test_a_save_that_lacks_what_every_release_wrote_is_not_a_save(name: str) -> None:
    values = json.loads(TRAILER.encode())
    del values[name]
    line = b"\n" + json.dumps(values).encode() + b"\n"
    with pytest.raises(SpoolError, match="not a save"):
        read_trailer(io.BytesIO(b"{}" + line))
