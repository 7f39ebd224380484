"""A PostgreSQL server for tests, from Debian's package, on a unix socket alone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.waiting import wait_for

#: PostgreSQL does not run as root: this user owns its files then.
USERS = ("postgres", "nobody")


def find_programs() -> Path | None:
    """Return the folder with the newest programs; None if there is none."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(found, key=lambda path: int(path.parts[-3]))
    if newest:
        return newest[-1].parent
    known = shutil.which("initdb")
    return Path(known).parent if known else None


@contextmanager
def serving_postgres(*, vacuums: bool = False) -> Iterator[str]:
    """Run a server with an empty cluster; yield the address of its database.

    If it `vacuums`, it does so by itself, as servers do where they are not told to.
    """
    programs = find_programs()
    assert programs is not None
    user = _user()
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short, for the socket
    try:
        if user:
            shutil.chown(home, user[0], int(user[1]))
        _run(
            *(programs / "initdb", "-D", home / "data", "-U", "tests", "-A", "trust"),
            *("-E", "UTF8", "--locale=C", "--no-sync"),
            user=user,
        )
        with _server(programs, home, user, vacuums):
            yield f"postgresql+psycopg://tests@/postgres?host={home}"
    finally:
        shutil.rmtree(home)


@contextmanager
def _server(
    programs: Path, home: Path, user: tuple[str, str] | None, vacuums: bool
) -> Iterator[None]:
    settings = ("fsync=off", "listen_addresses=", f"autovacuum={vacuums}")
    options = [word for setting in settings for word in ("-c", setting)]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", home / "data", "-k", home, *options],
            stdout=log,
            stderr=log,
            **_as(user),
        )
    try:
        ready = [programs / "pg_isready", "-q", "-h", home, "-U", "tests"]
        wait_for(
            lambda: process.poll() is not None or subprocess.run(ready).returncode == 0,
            what="PostgreSQL",
        )
        assert process.poll() is None, (home / "log").read_text()
        yield
    finally:
        process.send_signal(signal.SIGINT)  # end, and cut connections
        process.wait(60)


def _run(*words: Any, user: tuple[str, str] | None) -> None:
    done = subprocess.run(words, capture_output=True, text=True, **_as(user))
    assert done.returncode == 0, done.stderr


def _user() -> tuple[str, str] | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_gid for entry in pwd.getpwall()}
    name = next(name for name in USERS if name in known)
    return name, str(known[name])


def _as(user: tuple[str, str] | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user[0], "group": int(user[1]), "extra_groups": []}
