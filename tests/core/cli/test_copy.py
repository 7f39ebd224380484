"""`jupyter bookstore copy`: what it says, and its exit codes."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from bookstore_core.stores import Version, VersionStore
from core.cli.conftest import Call, full_disk
from core.saving import save
from harness.command import Run
from harness.s3_server import S3Server


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


@pytest.mark.usefixtures("saved")
def test_a_full_disk_of_the_copy_is_not_that_of_the_store(
    call: Call, tmp_path: Path
) -> None:
    with full_disk():
        done = call("copy", f"--to={tmp_path / 'other'}")
    said = " ".join(done.err.split())
    assert str(tmp_path / "other") in said
    assert "Free space or allow access there, or choose another with --to." in said
    assert "local_root" not in said


@pytest.mark.usefixtures("saved")
def test_a_place_that_cannot_be_used_is_that_of_the_option(
    call: Call, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = call("copy", f"--to={tmp_path / 'file'}")
    assert done.code == 3
    assert "Correct --to." in done.err


@pytest.mark.usefixtures("saved")
def test_a_disk_of_copies_that_is_not_mounted_is_prepared_by_the_named_command(
    run: Run, call: Call, tmp_path: Path
) -> None:
    to = f"--to={tmp_path / 'disk 2'}"
    assert call("copy", to).code == 0
    shutil.rmtree(tmp_path / "disk 2")
    done = call("copy", to)
    assert (done.code, "is missing" in done.err) == (7, True)
    said = done.err.partition("run: ")[2]
    assert run(*shlex.split(said)[2:]).code == 0
    assert call("copy", to).code == 0


@pytest.mark.usefixtures("saved")
def test_what_is_wrong_with_a_bucket_is_said_in_the_words_of_the_options(
    call: Call, s3_server_process: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKSTORE_TO_ACCESS_KEY_ID", "key-of-test")
    monkeypatch.setenv("BOOKSTORE_TO_SECRET_ACCESS_KEY", "secret-of-test")
    url = f"--to-endpoint-url={s3_server_process.url}"
    done = call("copy", "--to=s3://no-such-bucket", url)
    assert done.code == 3
    assert "There is no bucket no-such-bucket. Correct --to," in done.err
    away = call("copy", "--to=s3://b", "--to-endpoint-url=http://127.0.0.1:9")
    assert away.code == 7
    assert away.err.endswith("Check --to-endpoint-url and the network.\n")
