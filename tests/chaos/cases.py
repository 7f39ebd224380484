"""The cases: save, break something, restart, drain, and read everything back."""

import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from chaos import spools
from chaos.faults import (
    FAULTS,
    credentials_come_late,
    credentials_expire,
    local_store_vanishes,
)
from chaos.hooks import hook_fails
from chaos.moves import kill_while_renaming
from chaos.world import Outcome, World, stream
from harness.fault_proxy import Fault
from harness.notebook_server import NotebookServer
from harness.waiting import wait_for

Case = Callable[[World, int, int], Outcome]


def kill_under_a_stream(world: World, saves: int, kills: int) -> Outcome:
    """Kill the notebook server (-9) at random moments while it saves 10 notebooks."""
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


def store_hangs(world: World, saves: int, kills: int) -> Outcome:
    """The store does not answer requests for 20 s; saving does not become slower."""
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


def large_notebook(world: World, saves: int, kills: int) -> Outcome:
    """Compare the peak memory for a notebook of 100 MB with and without bookstore."""
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
    """Return the peak memory of a server process, in MiB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


CASES: dict[str, Case] = {
    "kill": kill_under_a_stream,
    "renames": kill_while_renaming,
    "hang": store_hangs,
    **FAULTS,
    "expired": credentials_expire,
    "vanishes": local_store_vanishes,
    "late-credentials": credentials_come_late,
    "hook": hook_fails,
    "disk-full": spools.disk_full,
    "disk-full-kill": spools.disk_full_at_a_kill,
    "read-only": spools.read_only,
    "removed": spools.spool_removed,
    "two-servers": spools.two_servers,
    "foreign-files": spools.foreign_files,
    "unreadable": spools.unreadable_file,
    "large": large_notebook,
}
