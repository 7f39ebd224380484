"""All versions of a store copied into another one, also after interruptions."""

import io
import os
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from bookstore_core.errors import (
    ConfigurationError,
)
from bookstore_core.history import PUBLISHED, WORKSPACE, History, HistoryRow
from bookstore_core.history.removals import Removals
from bookstore_core.moved_notes import note_key, write_note
from bookstore_core.paths import OWN_FOLDER
from bookstore_core.runs.markers import FOLDER, marker_key, runs_of
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import (
    Label,
    Version,
    VersionMetadata,
    VersionStore,
    open_store,
)
from bookstore_core.stores.local.store import LocalStore
from bookstore_core.upkeep.copy import Copied, Copier
from bookstore_core.upkeep.notebooks import Source
from bookstore_core.upkeep.target import Target, open_target
from core.saving import all_versions, metadata_for, save
from harness.named_s3 import NAMED_URL, NamedS3
from harness.s3_server import S3Server

NOW = datetime(2026, 11, 26, tzinfo=UTC)
A, B, SHOWN = "workspace/a.ipynb", "workspace/b.ipynb", "published/a.ipynb"


@pytest.fixture
def first(settings: BookstoreSettings) -> VersionStore:
    """A store in which a notebook was renamed, restored, labelled and unpublished."""
    store = open_store(settings)
    old = [save(store, b"old %d" % n, key=A, saved_at=at(n)) for n in range(3)]
    note = write_note("b.ipynb")
    metadata = metadata_for(note, saved_at=at(3))
    store.put(note_key(A), io.BytesIO(note), size=len(note), metadata=metadata)
    save(store, b"seam", key=B, saved_at=at(3), moved_from="a.ipynb")
    restored = {"restored_from": old[1].version_id, "restored_path": "a.ipynb"}
    named = save(store, b"old 1", key=B, saved_at=at(4), **restored)
    save(store, b"next", key=A, saved_at=at(5), author="ben")
    store.set_label(B, named.version_id, Label("sent", "to ü", "ann", NOW))
    words = {"title": "Übersicht", "note": "of\nJune"}
    save(store, b"shown", key=SHOWN, saved_at=at(6), **words)
    Removals(store, settings).remove(SHOWN, author="ann")
    return store


def at(hour: int) -> datetime:
    return NOW + timedelta(hours=hour)


def copy(
    settings: BookstoreSettings, target: Target, **values: Any
) -> tuple[Copied, Copier]:
    copier = Copier(
        Source(open_store(settings), settings), target, pause=lambda _: None, **values
    )
    return copier.copy(), copier


def told(row: HistoryRow) -> tuple[Any, ...]:
    known, label = row.version.metadata, row.label
    what = (row.path, row.version.size, row.version.deleted, row.saved_at, label)
    if known is None:
        return what
    own = (known.save_id, known.author, known.sha256, known.title, known.note)
    return (*what, *own, known.moved_from, known.restored_path)


def histories(settings: BookstoreSettings) -> list[Any]:
    """Return what pages show of both notebooks, without ids."""
    store = open_store(settings)
    return [
        [told(row) for row in History(store, settings, shelf=shelf).page(path).rows]
        for shelf, path in (
            *((WORKSPACE, "a.ipynb"), (WORKSPACE, "b.ipynb")),
            (PUBLISHED, "a.ipynb"),
        )
    ]


NAMED = ["named_s3"] if NAMED_URL in os.environ else []


@pytest.fixture(params=["directory", "bucket", *NAMED])
def target(
    request: pytest.FixtureRequest, tmp_path: Path, settings: BookstoreSettings
) -> Target:
    """An empty store of each kind."""
    if request.param == "directory":
        return open_target(str(tmp_path / "second"), settings)
    server: S3Server | NamedS3 = (
        NamedS3()
        if request.param == "named_s3"
        else request.getfixturevalue("s3_server_process")
    )
    bucket = f"bucket-{secrets.token_hex(6)}"
    server.make_bucket(bucket)
    known = server.settings(bucket)
    return open_target(
        f"s3://{bucket}/team/x",
        settings,
        endpoint_url=server.url,
        environment={
            "BOOKSTORE_TO_ACCESS_KEY_ID": known["s3_access_key_id"],
            "BOOKSTORE_TO_SECRET_ACCESS_KEY": known["s3_secret_access_key"],
        },
    )


@pytest.mark.usefixtures("first")
def test_histories_are_the_same_in_the_copy(
    settings: BookstoreSettings, target: Target
) -> None:
    copied, _ = copy(settings, target, verify=True)
    assert not copied.problems
    assert (copied.counts["notebooks"], copied.counts["labels"]) == (3, 1)
    before = histories(settings)
    assert [len(rows) for rows in before] == [1, 5, 2]
    assert histories(target.settings) == before


def test_paths_of_a_person_in_a_service_are_below_their_folder(
    settings: BookstoreSettings, target: Target
) -> None:
    store, folder = open_store(settings), "workspace/ann/"
    old = save(store, b"old", key=f"{folder}a.ipynb", source_path="a.ipynb")
    moved = {"source_path": "b.ipynb", "moved_from": "a.ipynb"}
    save(store, b"seam", key=f"{folder}b.ipynb", **moved)
    restored = {"restored_from": old.version_id, "restored_path": "a.ipynb"}
    save(store, b"old", key=f"{folder}b.ipynb", source_path="b.ipynb", **restored)
    copied, _ = copy(settings, target)
    assert copied.counts["versions"] == 3
    [first] = all_versions(target.store, target.key(f"{folder}a.ipynb"))
    newest = target.store.head(target.key(f"{folder}b.ipynb"))
    assert newest.metadata is not None
    assert newest.metadata.restored_from == first.version_id
    source = Source(store, settings)
    assert [sorted(set(group)) for group in source.together(source.keys())] == [
        [f"{folder}.bookstore/moved/b.ipynb", f"{folder}a.ipynb", f"{folder}b.ipynb"]
    ]


@pytest.mark.usefixtures("first")
def test_what_a_version_was_restored_from_has_its_new_id(
    settings: BookstoreSettings, target: Target
) -> None:
    copy(settings, target)
    history = History(target.store, target.settings)
    restored = history.find("b.ipynb", "sent").restored_from
    assert history.find("b.ipynb", restored).version.size == len(b"old 1")


@pytest.mark.usefixtures("first")
def test_a_second_copy_finds_everything_there(
    settings: BookstoreSettings, target: Target
) -> None:
    before, _ = copy(settings, target)
    store = open_store(settings)
    new = save(store, b"new", key=B, saved_at=at(9))
    store.set_label(B, new.version_id, Label("new"))
    again, _ = copy(settings, target)
    assert again.counts["versions"] == 1
    assert again.counts["skipped"] == before.counts["versions"]
    assert again.counts["labels"] == 1
    assert histories(target.settings) == histories(settings)


@pytest.mark.usefixtures("first")
def test_labels_that_were_exchanged_are_exchanged_in_the_copy(
    settings: BookstoreSettings, target: Target
) -> None:
    store = open_store(settings)
    newest, older, *_ = all_versions(store, A)
    store.set_label(A, newest.version_id, Label("sent"))
    store.set_label(A, older.version_id, Label("draft"))
    copy(settings, target)
    store.set_label(A, older.version_id, None)
    store.set_label(A, newest.version_id, Label("draft"))
    store.set_label(A, older.version_id, Label("sent"))
    again, _ = copy(settings, target)
    assert (again.problems, again.counts["labels"]) == ({}, 2)
    assert histories(target.settings) == histories(settings)


def test_labels_are_those_of_the_same_versions_when_both_stores_lack_some(
    settings: BookstoreSettings, first: VersionStore, target: Target
) -> None:
    copy(settings, target)
    save(first, b"six", key=A, saved_at=at(6))
    rows, there = all_versions(first, A), all_versions(target.store, target.key(A))
    first.remove_versions(A, [rows[2]])
    target.store.remove_versions(target.key(A), [there[2], there[3]])
    first.set_label(A, all_versions(first, A)[2].version_id, Label("old 1"))
    again, _ = copy(settings, target)
    assert again.counts["absent"] == 2
    assert target.store.labels(target.key(A)) == {}


class Interrupted(Exception):
    """Ends a copy."""


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("after", [1, 3, 5, 7])
def test_a_copy_that_was_interrupted_goes_on(
    settings: BookstoreSettings, target: Target, after: int
) -> None:
    def end(copied: Copied) -> None:
        if copied.counts["versions"] >= after:
            raise Interrupted

    with pytest.raises(Interrupted):
        copy(settings, target, progress=end)
    copied, _ = copy(settings, target)
    assert not copied.problems
    assert histories(target.settings) == histories(settings)
    keys = (A, B, SHOWN)
    assert [len(all_versions(target.store, target.key(key))) for key in keys] == [
        *(4, 2, 2)
    ]


class Killed(LocalStore):
    """A directory whose copy is killed before bookstore's own records are written."""

    def put(self, key: str, body: BinaryIO, **values: Any) -> Version:
        if f"/{OWN_FOLDER}/{FOLDER}/" in key or f"/{OWN_FOLDER}/unpublished/" in key:
            raise Interrupted
        return super().put(key, body, **values)


def test_records_that_an_interrupted_copy_lacks_are_written_by_the_next(
    settings: BookstoreSettings, first: VersionStore, tmp_path: Path
) -> None:
    ran = all_versions(first, A)[0]
    run = Run(A, ran.version_id, at(1), 2.0)
    save(first, b"ran", key="workspace/runs/a.ipynb", saved_at=at(9), run=run)
    target = open_target(str(tmp_path / "second"), settings)
    killed = replace(target, store=Killed(target.settings))
    for _ in range(4):
        with pytest.raises(Interrupted):
            copy(settings, killed)
    for expected in (1, 1):
        copied, _ = copy(settings, target)
        assert not copied.problems
        assert histories(target.settings) == histories(settings)
        [found] = runs_of(target.store, target.settings, target.key(A)).runs
        assert found.key == "workspace/runs/a.ipynb"
        markers = marker_key(target.settings, found, metadata_of(found))
        assert len(all_versions(target.store, markers)) == expected


def metadata_of(version: Version) -> VersionMetadata:
    assert version.metadata is not None
    return version.metadata


def test_a_copy_of_a_copy_is_the_first_store(
    settings: BookstoreSettings, first: VersionStore, target: Target, tmp_path: Path
) -> None:
    copy(settings, target)
    # The keys of the copy have its prefix, and so has the copy of that.
    back = open_target(str(tmp_path / "back"), target.settings)
    copied, _ = copy(target.settings, back)
    assert not copied.problems
    assert histories(back.settings) == histories(settings)


def test_a_directory_gets_the_times_at_which_versions_were_stored(
    settings: BookstoreSettings, first: VersionStore, tmp_path: Path
) -> None:
    target = open_target(str(tmp_path / "second"), settings)
    copy(settings, target)
    for key in (A, B):
        assert [row.stored_at for row in all_versions(target.store, key)] == [
            row.stored_at for row in all_versions(first, key)
        ]


@pytest.mark.usefixtures("first")
def test_a_notebook_that_is_another_one_there_is_left_alone(
    settings: BookstoreSettings, tmp_path: Path
) -> None:
    target = open_target(str(tmp_path / "second"), settings)
    other = save(target.store, b"other", key=B)
    copied, _ = copy(settings, target)
    assert [*copied.problems] == [B]
    assert [row.version_id for row in all_versions(target.store, B)] == [
        other.version_id
    ]
    assert len(all_versions(target.store, A)) == 4


def test_versions_removed_from_the_first_store_do_not_matter(
    settings: BookstoreSettings, first: VersionStore, tmp_path: Path
) -> None:
    target = open_target(str(tmp_path / "second"), settings)
    copy(settings, target)
    first.remove_versions(A, all_versions(first, A)[1:3])
    named = all_versions(first, A)[0]
    first.set_label(A, named.version_id, Label("late"))
    save(first, b"more", key=A, saved_at=at(10))
    copied, _ = copy(settings, target)
    assert (copied.counts["versions"], copied.counts["labels"]) == (1, 1)
    assert len(all_versions(target.store, A)) == 5


def test_damage_is_listed_and_the_rest_is_copied(
    settings: BookstoreSettings, first: VersionStore, tmp_path: Path
) -> None:
    damaged = all_versions(first, A)[1]
    [file] = Path(first.location).rglob(f"{damaged.version_id}.ipynb")
    file.write_bytes(b"x" * damaged.size)
    target = open_target(str(tmp_path / "second"), settings)
    copied, _ = copy(settings, target)
    assert [*copied.problems] == [f"{A}, version {damaged.version_id}"]
    assert len(all_versions(target.store, A)) == 3
    again, _ = copy(settings, target)
    assert (again.counts["absent"], again.counts["skipped"]) == (1, 7)


def test_a_bucket_that_does_not_keep_versions_gets_none(
    settings: BookstoreSettings, first: VersionStore, s3_server_process: S3Server
) -> None:
    bucket = s3_server_process.make_bucket(
        f"bucket-{secrets.token_hex(6)}", versioned=False
    )
    traits = s3_server_process.settings(bucket)
    own = BookstoreSettings.from_config(
        {**settings.as_config(), **traits, "s3_bucket": ""}
    )
    with pytest.raises(ConfigurationError, match="is not enabled"):
        copy(own, open_target(f"s3://{bucket}", own))


def test_a_key_that_is_too_long_over_there_is_listed_and_the_rest_is_copied(
    settings: BookstoreSettings, first: VersionStore, s3_server_process: S3Server
) -> None:
    long = f"workspace/{'k' * 990}.ipynb"
    save(first, b"long", key=long)
    bucket = s3_server_process.make_bucket(f"bucket-{secrets.token_hex(6)}")
    traits = s3_server_process.settings(bucket)
    own = BookstoreSettings.from_config(
        {**settings.as_config(), **traits, "s3_bucket": ""}
    )
    copied, _ = copy(own, open_target(f"s3://{bucket}/{'t' * 60}", own))
    assert [*copied.problems] == [long]
    assert "the limit is 1024" in copied.problems[long]
    assert copied.counts["notebooks"] == 3


def test_a_run_names_the_version_in_the_other_store(
    settings: BookstoreSettings, target: Target
) -> None:
    store = open_store(settings)
    ran = save(store, b"a", key=A, saved_at=at(0))
    run = Run(A, ran.version_id, at(1), 2.0, parameters={"month": 6})
    save(store, b"ran", key="workspace/runs/a.ipynb", saved_at=at(2), run=run)
    for _ in range(2):
        copy(settings, target)
    place = target.key(A)
    [done] = runs_of(target.store, target.settings, place).runs
    [there] = all_versions(target.store, place)
    assert done.metadata is not None
    assert done.metadata.run is not None
    known = done.metadata.run
    assert (known.of, known.version) == (place, there.version_id)
    assert known.parameters == {"month": 6}


@pytest.mark.parametrize("of", ["workspace//x", "no shelf", "\0", "x" * 650, ""])
def test_a_run_of_what_is_not_there_is_copied(
    settings: BookstoreSettings, tmp_path: Path, of: str
) -> None:
    save(open_store(settings), key=A, run=Run(of, "v", at(1), 2.0))
    copied, _ = copy(settings, open_target(str(tmp_path / "second"), settings))
    assert (copied.counts["versions"], copied.problems) == (1, {})
