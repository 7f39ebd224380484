"""The form of a version's metadata: recorded, read if older, refused if newer."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from bookstore_core.errors import NewerSaveError, NewerVersionError, SpoolError
from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.saves import Trailer, read_trailer
from bookstore_core.stores import VersionStore
from bookstore_core.stores.s3.metadata import encode_metadata
from core.saving import KEY, SAVED_AT, metadata_for, save
from core.stubbing import Stubbed

SPOOLED = b"{}" + Trailer(KEY, 2, metadata_for(b"{}")).encode()


def sidecar_of(store: VersionStore) -> Path:
    [sidecar] = Path(store.location).rglob("*.meta.json")
    return sidecar


def write_form(store: VersionStore, form: object) -> None:
    sidecar = sidecar_of(store)
    described = json.loads(sidecar.read_bytes())
    sidecar.write_text(json.dumps({**described, "bookstore_store": form}))


def answer(form: str, **more: Any) -> dict[str, Any]:
    known = {"bookstore-save-id": "1f", "bookstore-saved-at": SAVED_AT.isoformat()}
    return {
        "VersionId": "v1",
        "ContentLength": 2,
        "LastModified": SAVED_AT,
        "Metadata": {**known, "bookstore-form": form},
        **more,
    }


def test_a_sidecar_begins_with_its_form(local_store: VersionStore) -> None:
    save(local_store)
    described = json.loads(sidecar_of(local_store).read_bytes())
    assert list(described) == [
        *("bookstore_store", "key", "size", "content_type", "announces"),
        *("save_id", "saved_at", "author", "sha256", "source_path"),
        *("restored_from", "restored_path", "moved_from"),
    ]
    assert described["bookstore_store"] == 1


def test_the_headers_of_s3_begin_with_their_form() -> None:
    long = {"author": "x" * 500, "source_path": "x" * 1500}
    headers = encode_metadata(metadata_for(moved_from="z" * 1000, **long))
    assert next(iter(headers.items())) == ("bookstore-form", "1")
    assert "bookstore-source-path" not in headers


def test_a_sidecar_without_a_form_is_read(local_store: VersionStore) -> None:
    saved = save(local_store)
    described = json.loads(sidecar_of(local_store).read_bytes())
    del described["bookstore_store"]
    sidecar_of(local_store).write_text(json.dumps(described))
    assert local_store.head(KEY).metadata == saved.metadata


def test_headers_without_a_form_are_read(stubbed: Stubbed) -> None:
    older = answer("1")
    del older["Metadata"]["bookstore-form"]
    stubbed.answer("head_object", older)
    known = stubbed.store.head(KEY).metadata
    assert known is not None
    assert known.save_id == "1f"


def test_a_newer_sidecar_is_listed_and_refused(local_store: VersionStore) -> None:
    saved = save(local_store)
    write_form(local_store, 2)
    for read in (local_store.head, local_store.open):
        for version_id in (None, saved.version_id):
            with pytest.raises(NewerVersionError, match="by a newer release"):
                read(KEY, version_id)
    [listed] = local_store.list_versions(KEY).versions
    assert listed.version_id == saved.version_id
    assert [row.key for row in local_store.list_keys("workspace/ann").keys] == [KEY]
    history = History(local_store, BookstoreSettings(storage="local"))
    [row] = history.page("ann/mine.ipynb").rows
    assert row.version.metadata is None


def test_a_newer_version_does_not_hide_a_save(local_store: VersionStore) -> None:
    save(local_store)
    write_form(local_store, 2)
    assert local_store.find_save(KEY, "1f", size=2) is None
    saved = save(local_store, save_id="1f")
    assert local_store.find_save(KEY, "1f", size=2) == local_store.head(
        KEY, saved.version_id
    )


@pytest.mark.parametrize("form", ["2", [2], None, 0, -1])
def test_a_damaged_form_is_ignored(local_store: VersionStore, form: object) -> None:
    saved = save(local_store)
    write_form(local_store, form)
    assert local_store.head(KEY).metadata == saved.metadata


def test_newer_headers_are_refused(stubbed: Stubbed) -> None:
    raw = io.BytesIO(b"{}")
    stubbed.answer("head_object", answer("2"))
    stubbed.answer("get_object", answer("2", Body=StreamingBody(raw, 2)))
    for read in (stubbed.store.head, stubbed.store.open):
        with pytest.raises(NewerVersionError, match="by a newer release"):
            read(KEY, "v1")
    assert raw.closed


@pytest.mark.parametrize("form", ["x", "-2", "²", "0"])
def test_a_damaged_form_header_is_ignored(stubbed: Stubbed, form: str) -> None:
    stubbed.answer("head_object", answer(form))
    assert stubbed.store.head(KEY).metadata is not None


def test_a_newer_save_is_not_taken_for_a_damaged_one() -> None:
    newer = SPOOLED.replace(b'"bookstore_spool": 1', b'"bookstore_spool": 4, "x": 5')
    with pytest.raises(NewerSaveError, match="newer release of bookstore; update"):
        read_trailer(io.BytesIO(newer))


def test_a_release_with_a_newer_form_reads_saves_of_older_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = read_trailer(io.BytesIO(SPOOLED))
    monkeypatch.setattr("bookstore_core.spool.saves.SPOOL_FORM", 4)
    assert read_trailer(io.BytesIO(SPOOLED)) == before


@pytest.mark.parametrize("form", [0, -1, True, None, "1", 1.0])
def test_a_save_with_a_number_that_is_no_form_is_not_a_save(form: Any) -> None:
    head, _, line = SPOOLED.rstrip(b"\n").rpartition(b"\n")
    line = json.dumps({**json.loads(line), "bookstore_spool": form}).encode()
    with pytest.raises(SpoolError, match="not a save"):
        read_trailer(io.BytesIO(head + b"\n" + line + b"\n"))
