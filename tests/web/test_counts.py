"""Directories of counts: those of masters that were killed are removed."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bookstore_web.counts import LOCK, PREFIX, remove_leftovers
from harness.waiting import wait_for

OURS = {os.geteuid()}
#: A master, with a worker that is forked, which says where they count and then waits.
MASTER = """if True:
    import os, sys
    from bookstore_web.counts import make_folder
    folder = make_folder()
    if os.fork() == 0:
        print(folder, os.getpid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_what_a_killed_master_left_goes_when_its_workers_have_ended() -> None:
    words = [sys.executable, "-c", MASTER]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as master:
        assert master.stdin
        assert master.stdout
        folder = Path(master.stdout.readline().split()[0])
        (folder / "counter_1.db").touch()
        assert remove_leftovers(OURS) == []
        master.kill()
        master.wait()
        assert remove_leftovers(OURS) == []  # its worker may still count
        master.stdin.close()  # the worker ends
        assert master.stdout.read() == ""
    # The kernel closes its files one after the other.
    wait_for(lambda: remove_leftovers(OURS) == [folder], what="the worker's end")
    assert not folder.exists()


def test_what_is_not_ours_stays(temporary: Path) -> None:
    (temporary / f"{PREFIX}empty").mkdir()
    (temporary / f"{PREFIX}file").touch()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    linked = temporary / f"{PREFIX}linked"
    linked.mkdir()
    (linked / LOCK).symlink_to(elsewhere / LOCK)
    before = sorted(temporary.rglob("*"))
    assert remove_leftovers(OURS) == []
    assert sorted(temporary.rglob("*")) == before


def test_what_belongs_to_others_stays(temporary: Path) -> None:
    other = temporary / f"{PREFIX}other"
    other.mkdir()
    (other / LOCK).touch()
    assert remove_leftovers({os.geteuid() + 1}) == []
    assert remove_leftovers(OURS) == [other]
