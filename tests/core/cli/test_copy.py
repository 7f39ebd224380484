"""`jupyter bookstore copy`: what it says, and its exit codes."""

import json
from pathlib import Path

import pytest

from bookstore_core.stores import Version, VersionStore
from core.cli.conftest import Call
from core.saving import save


@pytest.mark.usefixtures("saved")
def test_a_store_is_copied_to_a_directory(call: Call, tmp_path: Path) -> None:
    done = call("copy", f"--to={tmp_path / 'other'}", "--verify")
    assert done.code == 0
    assert "Copied 4 versions of 2 notebooks" in done.out
    assert str(tmp_path / "other") in done.out.replace("\n", "")
    told = json.loads(call("copy", f"--to={tmp_path / 'other'}", "--json").out)
    assert (told["versions"], told["skipped"], told["problems"]) == (0, 4, [])


def test_what_cannot_be_copied_is_listed(
    call: Call, store: VersionStore, saved: list[Version], tmp_path: Path
) -> None:
    save(store, b"{}", key="workspace/other.ipynb")
    [file] = Path(store.location).rglob(f"{saved[1].version_id}.ipynb")
    file.write_bytes(b"x" * saved[1].size)
    done = call("copy", f"--to={tmp_path / 'other'}")
    assert done.code == 1
    assert saved[1].version_id in done.out
    assert "Copied 4 versions" in done.out


@pytest.mark.parametrize("place", [(), ("--to=s3://",), ("--to=ftp://x",)])
def test_a_place_must_be_given(call: Call, place: tuple[str, ...]) -> None:
    assert call("copy", *place).code == 2


def test_the_store_itself_is_no_target(call: Call, tmp_path: Path) -> None:
    assert call("copy", f"--to={tmp_path / 'store'}").code == 3
