"""Catalogues that nobody has used for long are removed; nothing else is."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_web.catalogue.databases.files import default_file
from bookstore_web.catalogue.place import open_catalogue

LONG_AGO = time.time() - 31 * 86400


@pytest.fixture
def old(settings: BookstoreSettings) -> Path:
    """The file of a catalogue of another store, which nobody has used for long."""
    other = BookstoreSettings.from_config(
        settings.as_config() | {"published_prefix": "other"}
    )
    open_catalogue(other).close()
    Path(f"{default_file(other)}-journal").touch()
    for file in default_file(other).parent.iterdir():
        os.utime(file, (LONG_AGO, LONG_AGO))
    return default_file(other)


def names(settings: BookstoreSettings) -> list[str]:
    open_catalogue(settings).close()
    return sorted(path.name for path in default_file(settings).parent.iterdir())


def own(settings: BookstoreSettings) -> list[str]:
    name = default_file(settings).name
    return [name, f"{name}-used"]


def test_an_unused_catalogue_goes_with_all_its_files(
    settings: BookstoreSettings, old: Path
) -> None:
    assert names(settings) == own(settings)


@pytest.mark.parametrize("end", ["", "-used"])
def test_one_that_was_used_or_read_lately_stays(
    settings: BookstoreSettings, old: Path, end: str
) -> None:
    os.utime(f"{old}{end}")
    assert old.name in names(settings)


def test_files_of_others_stay(settings: BookstoreSettings, old: Path) -> None:
    foreign = old.with_name("catalogue-0123456789abcdef.sqlite")
    renamed = old.with_name("catalogue-mine.sqlite")
    link = old.with_name("catalogue-aaaaaaaaaaaaaaaa.sqlite")
    foreign.write_bytes(b"SQLite format 3\0" + b"x" * 80)
    renamed.write_bytes(old.read_bytes())
    link.symlink_to(renamed)
    for file in (foreign, Path(f"{foreign}-used"), renamed, Path(f"{link}-used")):
        file.touch()
        os.utime(file, (LONG_AGO, LONG_AGO))
    os.utime(link, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    assert {foreign.name, renamed.name, link.name} <= set(names(settings))
    assert old.name not in names(settings)


HOLDING = """
import os, sys
from pathlib import Path
from bookstore_web.catalogue.databases.old_files import hold
hold(Path(sys.argv[1]))
os.utime(sys.argv[1] + "-used", (float(sys.argv[2]),) * 2)
print("held", flush=True)
sys.stdin.read()
"""


def test_one_that_a_process_has_open_stays(
    settings: BookstoreSettings, old: Path
) -> None:
    command = [sys.executable, "-c", HOLDING, str(old), str(LONG_AGO)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert old.name in names(settings)
        process.communicate()
    assert old.name not in names(settings)


def test_one_without_the_file_of_its_lock_is_kept_for_a_while(
    settings: BookstoreSettings, old: Path
) -> None:
    Path(f"{old}-used").unlink()
    assert old.name in names(settings)
