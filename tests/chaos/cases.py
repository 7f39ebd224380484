"""The cases: save, hurt something, restart, drain, and read everything back."""

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from chaos.world import Outcome, World, stream
from harness.fault_proxy import Fault
from harness.notebook_server import NotebookServer
from harness.waiting import wait_for

Case = Callable[[World, int, int], Outcome]


def kill_under_a_stream(world: World, saves: int, kills: int) -> Outcome:
    """kill -9 of the notebook server at random moments, over 10 notebooks."""
    dice = random.Random(7)  # noqa: S311
    paths = [f"note-{number}.ipynb" for number in range(10)]
    for _ in range(kills):
        server = world.server().start()
        before = world.ledger.total
        with (
            stream(world, server, paths[:5], saves),
            stream(world, server, paths[5:], saves),
        ):
            _await_a_save(world, before)
            threading.Event().wait(dice.uniform(0.0, 1.0))
            server.stop(signal.SIGKILL)
    with world.server().start():
        world.wait_until_drained()
    return world.outcome("kill -9 under a stream", f"{kills} kills")


def _await_a_save(world: World, before: int) -> None:
    wait_for(lambda: world.ledger.total > before, what="an acknowledged save")


def save_round_and_round(world: World, server: NotebookServer, saves: int) -> None:
    """Save five notebooks in turn."""
    for number in range(saves):
        world.save(server, f"note-{number % 5}.ipynb")


def store_down_then_up(world: World, saves: int, kills: int) -> Outcome:
    """The store refuses connections for the whole stream, then works."""
    world.proxy.fault = Fault("refuse")
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
        wait_for(lambda: world.proxy.requests, what="an attempt")
        world.proxy.heal()
        world.wait_until_drained()
    return world.outcome("store down, then up")


def store_hangs(world: World, saves: int, kills: int) -> Outcome:
    """The store answers nothing for 20 s a request; saving does not notice."""
    with world.server().start() as server:
        plain = [timed(world, server) for _ in range(saves)]
        world.wait_until_drained()
        world.proxy.fault = Fault("hang", seconds=20)
        hanging = [timed(world, server) for _ in range(saves)]
        world.proxy.heal()
        world.wait_until_drained()
    ratio = median(hanging) / median(plain)
    return world.outcome("store hangs 20 s", f"save latency x{ratio:.2f}")


def timed(world: World, server: NotebookServer) -> float:
    start = time.perf_counter()
    world.save(server, "note.ipynb")
    return time.perf_counter() - start


def answers_lost(world: World, saves: int, kills: int) -> Outcome:
    """The store writes, and half of its answers never arrive."""
    world.proxy.fault = Fault("lose_answer", share=0.5, methods=("PUT",))
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
        world.wait_until_drained()
    return world.outcome("answers lost after the write")


def answers_cut(world: World, saves: int, kills: int) -> Outcome:
    """A third of the answers end after 40 bytes."""
    world.proxy.fault = Fault("cut", share=0.3, size=40)
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
        world.wait_until_drained()
    return world.outcome("answers cut after 40 bytes")


def slow_down(world: World, saves: int, kills: int) -> Outcome:
    """Half of the requests are answered 503 SlowDown."""
    world.proxy.fault = Fault("status", share=0.5, status=503)
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
        world.wait_until_drained()
    return world.outcome("503 SlowDown on half")


def wrong_credentials(world: World, saves: int, kills: int) -> Outcome:
    """Access is denied until a restart."""
    world.proxy.fault = Fault("status", status=403)
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
        wait_for(lambda: world.proxy.requests, what="an attempt")
    assert not world.drained()
    world.proxy.heal()
    with world.server().start():
        world.wait_until_drained()
    return world.outcome("wrong credentials, restart")


def disk_full(world: World, saves: int, kills: int) -> Outcome:
    """The spool's disk is full while people save; the newest states are kept."""
    small = world.folder / "small"
    small.mkdir()
    options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)]
    subprocess.run(["mount", *options], check=True)
    world.spool = small / "spool"
    world.spool.mkdir()
    try:
        filler = small / "filler"
        with world.server().start() as server:
            world.save(server, "note-0.ipynb")
            world.wait_until_drained()
            fill(filler)
            answered = [world.save(server, f"note-{n % 5}.ipynb") for n in range(saves)]
            assert all(answered), "a save failed because the spool's disk is full"
            filler.unlink()
            newest = {p: n[-1] for p, n in world.ledger.acknowledged.items()}
            wait_for(
                lambda: all(world.found(p)[-1:] == [n] for p, n in newest.items()),
                what="the newest state of each notebook",
                seconds=60,
                every=0.2,
            )
        # What could not be kept is not promised: only the newest state of each is.
        for path, number in newest.items():
            kept = set(world.found(path)) | {number}
            numbers = world.ledger.acknowledged[path]
            world.ledger.acknowledged[path] = [n for n in numbers if n in kept]
        return world.outcome("disk full", f"{saves} saves answered meanwhile")
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 65536):
                pass
        except OSError:
            return


def two_servers(world: World, saves: int, kills: int) -> Outcome:
    """Two servers of one user on one spool; the one that drains is killed."""
    world.proxy.fault = Fault("delay", seconds=0.05)
    first = world.server().start()
    second = world.server(home=world.folder / "home-2").start()
    for number in range(saves):
        world.save(first, f"first-{number % 3}.ipynb")
        world.save(second, f"second-{number % 3}.ipynb")
        if number == saves // 2:
            first.stop(signal.SIGKILL)
            first = second
    with second:
        world.wait_until_drained()
    return world.outcome("two servers, one killed")


def foreign_files(world: World, saves: int, kills: int) -> Outcome:
    """Corrupt and foreign files lie in the spool; they are set aside, never deleted."""
    world.proxy.fault = Fault("refuse")
    with world.server().start() as server:
        save_round_and_round(world, server, saves)
    folder = world.spool / "new"
    entries = sorted(folder.iterdir())
    torn = entries[0].with_name(entries[0].name.replace("-", "-0")[:-1])
    shutil.copy(entries[0], torn)
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


def large_notebook(world: World, saves: int, kills: int) -> Outcome:
    """A notebook of 100 MB: the server's peak memory, against one without bookstore."""
    megabytes = 100
    padding = "x" * (megabytes * 1024 * 1024)
    plain = world.server(home=world.folder / "plain", storage="s3", s3_bucket="")
    with plain.start() as server:
        world.save(server, "large.ipynb", padding=padding)
        without = peak_of(server)
    world.ledger.acknowledged.clear()
    with world.server().start() as server:
        world.save(server, "large.ipynb", padding=padding)
        world.wait_until_drained()
        added = peak_of(server) - without
    return world.outcome("100 MB notebook", f"peak memory +{added:.0f} MiB over plain")


def peak_of(server: NotebookServer) -> float:
    """Return the most memory that a server process has held, in MiB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


CASES: dict[str, Case] = {
    "kill": kill_under_a_stream,
    "down": store_down_then_up,
    "hang": store_hangs,
    "lost-answers": answers_lost,
    "cut-answers": answers_cut,
    "slow-down": slow_down,
    "credentials": wrong_credentials,
    "disk-full": disk_full,
    "two-servers": two_servers,
    "foreign-files": foreign_files,
    "large": large_notebook,
}
