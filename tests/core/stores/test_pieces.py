"""The small parts of stores: metadata, windows, the choice of the store."""

import hashlib
import io
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bookstore_core.errors import (
    ConfigurationError,
    InvalidRequestError,
    StorageError,
    StorageUnavailableError,
    TooLargeError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import OpenVersion, Version, VersionMetadata, open_store
from bookstore_core.stores.local.store import LocalStore
from bookstore_core.stores.s3.metadata import decode_metadata, encode_metadata
from bookstore_core.stores.streams import Window
from core.saving import SAVED_AT, metadata_for


def opened(data: bytes, *, size: int, sha256: str = "") -> OpenVersion:
    metadata = VersionMetadata("1f", SAVED_AT, sha256=sha256)
    version = Version("b", "k", "v", size, SAVED_AT, metadata=metadata)
    return OpenVersion(version, io.BytesIO(data))


@pytest.mark.parametrize(
    "text", ["ann", "Änn  B ", "100%41+", "a\r\nb", "测试🙂", "\ufffd"]
)
def test_metadata_comes_back_as_it_was(text: str) -> None:
    paths = {"source_path": text, "restored_path": text, "moved_from": text}
    metadata = metadata_for(author=text, restored_from=text, **paths)
    headers = encode_metadata(metadata)
    assert decode_metadata(headers) == metadata
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert not any(" " in value for value in headers.values())


def test_metadata_fits_into_two_kilobytes() -> None:
    for length in range(500, 2500, 7):
        headers = encode_metadata(metadata_for(author="ann", source_path="x" * length))
        total = sum(
            len("x-amz-meta-" + name + value) for name, value in headers.items()
        )
        assert total <= 2048
        assert decode_metadata(headers) is not None
        assert headers["bookstore-author"] == "ann"


def test_the_old_path_has_priority_over_what_the_key_contains() -> None:
    long = {"source_path": "x" * 1000, "author": "y" * 1000}
    headers = encode_metadata(metadata_for(moved_from="z" * 1000, **long))
    assert headers["bookstore-moved-from"] == "z" * 1000
    assert "bookstore-save-id" in headers
    assert "bookstore-source-path" not in headers


@pytest.mark.parametrize("path", ["ü" * 511, "测" * 340, "🙂" * 255, "%" * 1023])
def test_the_longest_paths_fit(path: str) -> None:
    metadata = metadata_for(sha256="0" * 64, moved_from=path)
    headers = encode_metadata(metadata)
    assert sum(len("x-amz-meta-" + n + v) for n, v in headers.items()) <= 2048
    decoded = decode_metadata(headers)
    assert decoded is not None
    assert decoded.moved_from == path


@pytest.mark.parametrize("value", ["%=", "%=?", "%=YQ", "%=/w==", "%=ü"])
def test_a_malformed_value_in_base64_is_read_as_some_text(value: str) -> None:
    headers = {**encode_metadata(metadata_for()), "bookstore-moved-from": value}
    assert decode_metadata(headers) is not None


def test_a_restored_version_is_not_named_without_its_path() -> None:
    long = {"moved_from": "ö" * 500, "restored_path": "ü" * 500}
    metadata = metadata_for(restored_from="v1", **long)
    assert not [name for name in encode_metadata(metadata) if "restored" in name]
    here = encode_metadata(metadata_for(restored_from="v1"))
    assert here["bookstore-restored-from"] == "v1"


def test_times_are_kept_in_utc() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    metadata = metadata_for(saved_at=SAVED_AT.astimezone(east))
    assert encode_metadata(metadata)["bookstore-saved-at"].endswith("+00:00")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"other": "x"},
        {"bookstore-save-id": "1f"},
        {"bookstore-save-id": "1f", "bookstore-saved-at": "yesterday"},
        {"bookstore-save-id": "1f", "bookstore-saved-at": "9999-12-31T23:59:59Z"},
        {"bookstore-save-id": "1f", "bookstore-saved-at": "0001-01-01T00:00:00+23:00"},
    ],
)
def test_headers_of_other_programs_are_not_metadata(headers: dict[str, str]) -> None:
    assert decode_metadata(headers) is None


def test_header_names_in_upper_case_are_read() -> None:
    headers = {
        name.title(): value for name, value in encode_metadata(metadata_for()).items()
    }
    assert decode_metadata(headers) is not None


def test_a_window_shows_its_part_alone() -> None:
    stream = io.BytesIO(b"before|inside|after")
    stream.seek(7)
    window = Window(stream, 6)
    assert window.read() == b"inside"
    assert window.read() == b""
    assert window.seek(-3, io.SEEK_END) == 3
    assert window.read(100) == b"ide"
    window.seek(0)
    assert window.read(2) == b"in"
    assert window.tell() == 2


def test_a_window_is_not_larger_than_its_stream() -> None:
    with pytest.raises(InvalidRequestError, match="2 bytes"):
        Window(io.BytesIO(b"12"), 3)


def test_incomplete_content_is_a_retryable_error() -> None:
    with opened(b"123", size=4) as version, pytest.raises(StorageUnavailableError):
        version.read(10)


def test_changed_content_is_reported() -> None:
    version = opened(b"123", size=3, sha256="0" * 64)
    with version, pytest.raises(StorageError, match="sha256"):
        version.read(10)
    assert version.body.closed


def test_the_settings_name_the_store(tmp_path: Path) -> None:
    root = tmp_path / "store"
    settings = BookstoreSettings(storage="local", local_root=str(root))
    store = open_store(settings)
    assert isinstance(store, LocalStore)
    assert store.location == str(root / "bookstore")
    assert not root.exists(), "nothing is made before it is needed"


def test_without_a_configured_store_none_is_opened() -> None:
    with pytest.raises(ConfigurationError, match="No store is configured"):
        open_store(BookstoreSettings())


def test_a_fresh_version_was_stored_now(tmp_path: Path) -> None:
    settings = BookstoreSettings(storage="local", local_root=str(tmp_path))
    store = open_store(settings)
    stored = store.put("k", io.BytesIO(b""), size=0, metadata=metadata_for())
    assert abs(stored.stored_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_pieces_are_the_content() -> None:
    data = b"0123456789" * 300_000
    digest = hashlib.sha256(data).hexdigest()
    assert b"".join(opened(data, size=len(data), sha256=digest).pieces()) == data
    assert list(opened(b"", size=0).pieces()) == []


@pytest.mark.parametrize("size", [2_999_999, 3_000_001])
def test_pieces_of_an_incomplete_content_are_never_all_of_it(size: int) -> None:
    received: list[bytes] = []
    with pytest.raises(StorageUnavailableError):
        received.extend(opened(b"0" * 3_000_000, size=size).pieces())
    assert sum(map(len, received)) < min(size, 3_000_000)


def test_pieces_of_another_content_than_was_saved_are_never_all_of_it() -> None:
    pieces = opened(b"false", size=5, sha256="0" * 64).pieces()
    with pytest.raises(StorageError, match="sha256"):
        list(pieces)


def test_content_is_never_read_into_memory_without_a_limit() -> None:
    with pytest.raises(TooLargeError, match=r"over 1 GiB.*jupyter bookstore restore"):
        opened(b"", size=2 << 30).read(None)
