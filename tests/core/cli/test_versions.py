"""`jupyter bookstore versions` and `label`."""

import json
import re
from pathlib import Path

import pytest

from bookstore_core.stores import Label, Version, VersionStore
from core.cli.conftest import Call
from core.saving import save
from harness.command import Run

ID = r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}"


def test_versions_are_listed_with_their_names(call: Call, saved: list[Version]) -> None:
    outcome = call("versions", "new.ipynb")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    heading = "name saved author size label note path version id"
    assert " ".join(lines[0].split()) == heading
    for number, version in enumerate(saved):
        assert lines[number + 1].split()[0] == f"@{number}"
        assert lines[number + 1].endswith(version.version_id)
    assert "moved from old.ipynb" in lines[3]
    assert " old.ipynb " in lines[4]


def test_a_listing_reports_older_versions(call: Call, saved: list[Version]) -> None:
    outcome = call("versions", "new.ipynb", "--limit=2")
    assert len(outcome.out.splitlines()) == 3
    assert "There are older versions" in outcome.err
    outcome = call("versions", "new.ipynb", "--limit=2", "--all")
    assert len(outcome.out.splitlines()) == 5
    assert outcome.err == ""


def test_versions_are_listed_as_json(
    call: Call, saved: list[Version], store: VersionStore
) -> None:
    store.set_label(saved[1].key, saved[1].version_id, Label("good", "why"))
    shown = json.loads(call("versions", "new.ipynb", "--json").out)
    assert (shown["path"], shown["more"], shown["earlier"]) == (
        "new.ipynb",
        False,
        False,
    )
    rows = shown["versions"]
    assert [row["name"] for row in rows] == ["@0", "@1", "@2", "@3"]
    assert [row["version_id"] for row in rows] == [v.version_id for v in saved]
    assert [row["path"] for row in rows] == ["new.ipynb"] * 3 + ["old.ipynb"]
    assert rows[1]["label"]["name"] == "good"
    assert rows[2]["moved_from"] == "old.ipynb"
    assert rows[0]["sha256"] == saved[0].metadata.sha256  # type: ignore[union-attr]


def test_only_labelled_versions_are_listed(
    call: Call, saved: list[Version], store: VersionStore
) -> None:
    store.set_label(saved[3].key, saved[3].version_id, Label("draft", "for Änn"))
    out = call("versions", "new.ipynb", "--q=ÄNN").out
    assert len(out.splitlines()) == 2
    assert saved[3].version_id in out
    none = call("versions", "new.ipynb", "--q=x")
    assert (none.code, none.out) == (0, "No version has a matching label.\n")


def test_versions_of_an_earlier_notebook_are_listed(
    call: Call, store: VersionStore
) -> None:
    earlier = save(store, key="workspace/new.ipynb")
    save(store, key="workspace/old.ipynb")
    save(store, key="workspace/new.ipynb", moved_from="old.ipynb")
    outcome = call("versions", "new.ipynb")
    assert earlier.version_id not in outcome.out
    assert "--earlier lists its versions" in outcome.err
    listed = call("versions", "new.ipynb", "--earlier").out
    assert re.findall(ID, listed) == [earlier.version_id]
    assert call("versions", "old.ipynb", "--earlier").code == 2


def test_a_file_is_relative_to_the_current_directory(
    call: Call, saved: list[Version], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    root = f"--root-dir={tmp_path}"
    for name in ("../new.ipynb", str(tmp_path / "new.ipynb")):
        assert call("versions", name, root).code == 0
    assert call("versions", "new.ipynb", root).code == 4
    monkeypatch.delenv("JUPYTER_SERVER_ROOT")
    assert call("versions", "../new.ipynb").code == 2


@pytest.mark.parametrize("verb", ["versions", "show"])
def test_a_notebook_without_versions_is_not_found(
    call: Call, saved: list[Version], verb: str
) -> None:
    outcome = call(verb, "none.ipynb")
    assert outcome.code == 4
    assert "There are no versions of none.ipynb" in outcome.err


@pytest.mark.parametrize("verb", ["versions", "show"])
@pytest.mark.parametrize(
    "given", [["."], [""], ["../out.ipynb"], [], ["a", "b", "c"], ["a", "--foo"]]
)
def test_invalid_arguments_are_refused(call: Call, verb: str, given: list[str]) -> None:
    outcome = call(verb, *given)
    assert outcome.code == 2
    assert outcome.err.startswith("jupyter bookstore: ")


@pytest.mark.parametrize("limit", ["0", "-5", "abc", "1.5", ""])
def test_an_invalid_limit_is_refused(
    call: Call, saved: list[Version], limit: str
) -> None:
    outcome = call("versions", "new.ipynb", f"--limit={limit}")
    assert outcome.code == 2
    assert "'limit'" in outcome.err


@pytest.mark.parametrize(
    "given",
    [
        ["new.ipynb"],
        ["new.ipynb", "@0"],
        ["new.ipynb", "@0", "x", "y"],
        ["new.ipynb", "@0", "x", "--at=now"],
        ["new.ipynb", "@0", "x", "--remove"],
        ["new.ipynb", "@0", "--remove", "--comment=x"],
        ["new.ipynb", "@0", ""],
        ["new.ipynb", "@0", "@1"],
        ["new.ipynb", "@0", "x" * 81],
    ],
)
def test_invalid_labels_are_refused(
    call: Call, saved: list[Version], given: list[str]
) -> None:
    outcome = call("label", *given)
    assert outcome.code == 2
    assert outcome.err.startswith("jupyter bookstore: ")


def test_without_a_store_there_are_no_versions_to_list(run: Run) -> None:
    outcome = run("versions", "a.ipynb")
    assert outcome.code == 3
    assert "No store is configured" in outcome.err


def test_a_store_that_is_down_is_reported(run: Run) -> None:
    outcome = run(
        "versions",
        "a.ipynb",
        "--BookstoreSettings.s3_bucket=b",
        "--BookstoreSettings.s3_endpoint_url=http://127.0.0.1:9",
        "--BookstoreSettings.s3_access_key_id=a",
        "--BookstoreSettings.s3_secret_access_key=b",
    )
    assert outcome.code == 7


def test_a_version_is_labelled_and_found_by_its_label(
    call: Call, saved: list[Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "änn")
    outcome = call("label", "new.ipynb", "@1", "before refactor", "--comment=It works.")
    assert (outcome.code, outcome.err) == (0, "")
    assert saved[1].version_id in outcome.out
    shown = json.loads(call("show", "new.ipynb", "before refactor", "--json").out)
    assert shown["version_id"] == saved[1].version_id
    label = shown["label"]
    assert (label["comment"], label["author"]) == ("It works.", "änn")
    line = call("versions", "new.ipynb").out.splitlines()[2]
    assert "before refactor  It works." in line


def test_a_version_under_an_older_name_is_labelled(
    call: Call, saved: list[Version], store: VersionStore
) -> None:
    assert call("label", "new.ipynb", "@3", "first").code == 0
    assert list(store.labels("workspace/old.ipynb")) == [saved[3].version_id]


def test_a_version_is_labelled_by_its_time(call: Call, saved: list[Version]) -> None:
    given = ("label", "new.ipynb", "--at=90 minutes ago", "as sent", "--json")
    shown = json.loads(call(*given).out)
    assert shown["version_id"] == saved[1].version_id
    assert shown["label"]["name"] == "as sent"


def test_a_label_is_given_once(call: Call, saved: list[Version]) -> None:
    assert call("label", "new.ipynb", "@0", "good").code == 0
    outcome = call("label", "new.ipynb", "@1", "good")
    assert outcome.code == 6
    assert saved[0].version_id in outcome.err


def test_a_label_is_removed(
    call: Call, saved: list[Version], store: VersionStore
) -> None:
    call("label", "new.ipynb", "@0", "good")
    outcome = call("label", "new.ipynb", "good", "--remove")
    assert outcome.code == 0
    assert "now has no label" in outcome.out
    assert store.labels("workspace/new.ipynb") == {}
    assert call("label", "new.ipynb", "good", "--remove").code == 4


def test_verbs_that_read_print_the_root_that_they_guess(
    call: Call,
    saved: list[Version],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("JUPYTER_SERVER_ROOT")
    outcome = call("versions", "new.ipynb")
    assert outcome.code == 0
    assert f"Paths are relative to {tmp_path}." in outcome.err
    assert call("versions", "new.ipynb", f"--root-dir={tmp_path}").err == ""


def test_label_without_a_known_root_is_refused(
    call: Call,
    saved: list[Version],
    store: VersionStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("JUPYTER_SERVER_ROOT")
    outcome = call("label", "new.ipynb", "@0", "final")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--root-dir" in outcome.err
    assert not store.labels("workspace/new.ipynb")
