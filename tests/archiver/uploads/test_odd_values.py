"""Odd metadata in the store and odd files in the spool: uploads go on."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from archiver.conftest import QUICK, MakeArchiver
from archiver.saving import archive, contents
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import NEW
from bookstore_core.stores import VersionStore, open_store
from bookstore_core.stores.local.names import key_directory
from bookstore_core.stores.s3.metadata import decode_metadata
from harness.memory_store import MemoryStore
from harness.waiting import wait_for

pytest.importorskip("hypothesis")  # not on classic

from hypothesis import given
from hypothesis import strategies as st

from harness.odd import FIELDS, KNOWN, TEXTS, VALUES, briefly

KEY = "workspace/a.ipynb"
AT = "2024-05-17T09:30:00+00:00"
HEADERS = ["bookstore-" + name.replace("_", "-") for name in FIELDS]


@pytest.mark.parametrize("traits", [{"skip_unchanged": True}, {"min_interval": 0.001}])
def test_the_uploader_passes_odd_headers(
    make_archiver: MakeArchiver, store: MemoryStore, traits: dict[str, Any]
) -> None:
    archiver = make_archiver(timing=replace(QUICK, rest=0.0), **traits)
    for number, text in enumerate(KNOWN):
        headers = dict.fromkeys(HEADERS, text)
        headers |= {"bookstore-save-id": "1f", "bookstore-saved-at": AT}
        metadata: Any = decode_metadata(headers)
        store.put(KEY, BytesIO(b"0"), size=1, metadata=metadata)
        archive(archiver, str(number))
        wait_for(lambda n=number: str(n) in contents(store), what="the version")


@briefly(20)
@given(st.dictionaries(st.sampled_from([*FIELDS, "key", "size"]), TEXTS | VALUES))
def test_the_uploader_passes_odd_sidecars(
    make_local: Callable[[], tuple[Any, VersionStore]], members: dict[str, Any]
) -> None:
    archiver, store = make_local()
    newest = store.head(KEY)
    sidecar = (
        key_directory(Path(store.location), KEY) / f"{newest.version_id}.meta.json"
    )
    sidecar.write_text(json.dumps(members))
    archive(archiver, newest.version_id)
    assert archiver.drain(30)
    size = len(newest.version_id)
    assert store.list_versions(KEY, limit=1).versions[0].size == size


@pytest.fixture
def make_local(
    make_archiver: MakeArchiver, tmp_path: Path
) -> Callable[[], tuple[Any, VersionStore]]:
    settings = BookstoreSettings(storage="local", local_root=str(tmp_path / "store"))
    store = open_store(settings)

    def make() -> tuple[Any, VersionStore]:
        if not store.list_versions(KEY).versions:
            first = make_archiver(store=lambda: store)
            archive(first, "first")
            assert first.drain(30)
        return make_archiver(store=lambda: store, skip_unchanged=True), store

    return make


NAMES = TEXTS.filter(lambda name: "/" not in name and "\0" not in name)


@briefly(40)
@given(
    st.sampled_from(["20240517T093000.000000Z-1f", "99991231T235959.999999Z-1f"])
    | NAMES,
    st.binary(max_size=30) | VALUES,
)
def test_a_spool_with_odd_files_is_scanned(
    tmp_path: Path, name: str, value: bytes | Any
) -> None:
    spool = Spool(tmp_path / "spool")
    kept = spool.add(BytesSource(b"1"), key=KEY, author="", source_path="a.ipynb")
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    try:
        (spool.root / NEW / name).write_bytes(b"{}\n" + data + b"\n")
    except (OSError, UnicodeEncodeError):
        return  # no file has this name
    assert kept.name in [entry.name for entry in spool.scan(())]
    spool.done(kept)
