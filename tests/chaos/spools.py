"""Cases in which the spool is damaged: full, removed, shared, with foreign files."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos.world import Outcome, World, save_round_and_round
from harness.fault_proxy import Fault
from harness.waiting import wait_for

#: A command that makes root respect the permissions of files.
MORTAL = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


@contextmanager
def _small_disk(world: World) -> Iterator[Path]:
    """Put the spool on a disk of its own, of 2 MB."""
    small = world.folder / "small"
    small.mkdir()
    options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)]
    subprocess.run(["mount", *options], check=True)
    world.spool = small / "spool"
    world.spool.mkdir()
    try:
        yield small
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 65536):
                pass
        except OSError:
            return


def disk_full(world: World, saves: int, kills: int) -> Outcome:
    """The spool's disk is full while people save; the newest states are kept."""
    with _small_disk(world) as small, world.server().start() as server:
        world.save(server, "note-0.ipynb")
        world.wait_until_drained()
        _fill(small / "filler")
        answered = [world.save(server, f"note-{n % 5}.ipynb") for n in range(saves)]
        assert all(answered), "a save failed because the spool's disk is full"
        (small / "filler").unlink()
        world.wait_for_the_newest()
        world.promise_only_what_is_there()
        return world.outcome("disk full", f"{saves} saves answered meanwhile")


def disk_full_at_a_kill(world: World, saves: int, kills: int) -> Outcome:
    """The server is killed while the disk is full; the next one archives the rest."""
    with _small_disk(world) as small:
        with world.server().start() as server:
            world.save(server, "note-0.ipynb")
            world.wait_until_drained()
            wait_for(lambda: any(world.notes()), what="the server's notes")
            _fill(small / "filler")
            save_round_and_round(world, server, saves)
            server.stop(signal.SIGKILL)
        (small / "filler").unlink()
        with world.server().start():
            world.wait_for_the_newest()
        world.promise_only_what_is_there()
        return world.outcome("disk full, server killed", "newest states archived")


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        remount = ["mount", "-o", "remount,ro,bind", str(folder)]
        subprocess.run(remount, check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def read_only(world: World, saves: int, kills: int) -> Outcome:
    """The spool is read-only, even when the server is killed and started again."""
    with world.server().start() as server:
        world.save(server, "note-0.ipynb")
        world.wait_until_drained()
        with _read_only(world.spool):
            save_round_and_round(world, server, saves)
            server.stop(signal.SIGKILL)
            server.start()
            save_round_and_round(world, server, saves)
        world.wait_for_the_newest()
    world.promise_only_what_is_there()
    return world.outcome("spool read-only", f"{2 * saves} saves answered meanwhile")


def spool_removed(world: World, saves: int, kills: int) -> Outcome:
    """The spool is removed with all waiting saves; the newest states are archived."""
    world.proxy.fault = Fault("refuse")
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
        wait_for(lambda: world.proxy.requests, what="an attempt")
        # In one step: the server may write into it meanwhile.
        world.spool.rename(world.folder / "removed")
        shutil.rmtree(world.folder / "removed")
        world.proxy.heal()
        world.wait_for_the_newest()
        world.wait_until_drained()
    world.promise_only_what_is_there()
    logged = server.log.count("were removed from the spool")
    return world.outcome("spool removed", f"logged {logged} times")


def two_servers(world: World, saves: int, kills: int) -> Outcome:
    """Two servers of one user share a spool; the one that drains is killed.

    Each saves notebooks of its own, and both save one notebook in turn.
    """
    world.proxy.fault = Fault("delay", seconds=0.05)
    first = world.server().start()
    second = world.server(home=world.folder / "home-2").start()
    for number in range(saves):
        world.save(first, f"first-{number % 3}.ipynb")
        world.save(second, f"second-{number % 3}.ipynb")
        world.save(first, "both.ipynb")
        world.save(second, "both.ipynb")
        if number == saves // 2:
            first.stop(signal.SIGKILL)
            first = second
    with second:
        world.wait_until_drained()
    return world.outcome("two servers, one killed")


def foreign_files(world: World, saves: int, kills: int) -> Outcome:
    """Corrupt and foreign files are in the spool; they are set aside, never deleted."""
    world.proxy.fault = Fault("refuse")
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
    folder = world.spool / "new"
    waiting = min([*folder.iterdir(), *world.spool.glob("cur/*")])
    torn = folder / waiting.name.replace("-", "-0")[:-1]
    shutil.copy(waiting, torn)
    os.truncate(torn, torn.stat().st_size // 2)
    (folder / "README.txt").write_text("not a save")
    (folder / "a-folder").mkdir()
    (world.spool / "cur" / "empty").touch()
    world.proxy.heal()
    with world.server().start():
        set_aside = world.spool / "failed"
        wait_for(
            lambda: len(list(set_aside.glob("*.reason"))) == 4, what="four set aside"
        )
        world.wait_until_drained()
    kept = len([p for p in set_aside.iterdir() if p.suffix != ".reason"])
    return world.outcome("corrupt and foreign files", f"{kept} of 4 kept in failed/")


def unreadable_file(world: World, saves: int, kills: int) -> Outcome:
    """A save cannot be read; the others are uploaded, and it follows once it can."""
    world.proxy.fault = Fault("refuse")
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
    waiting = sorted([*world.spool.glob("new/*"), *world.spool.glob("cur/*")])
    locked = waiting[-1]
    locked.chmod(0)
    world.proxy.heal()
    with world.server(prefix=MORTAL if os.geteuid() == 0 else ()).start() as server:
        wait_for(lambda: world.waiting() == [locked.name], what="all the others")
        logged = server.log.count("cannot be drained: [Errno 13] Permission denied")
        locked.chmod(0o600)
        world.wait_until_drained()
    assert logged == 1, f"logged {logged} times"
    return world.outcome("a file that cannot be read")
