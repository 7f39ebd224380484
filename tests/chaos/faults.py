"""Cases in which the store fails while the servers run: a table, and how to run it."""

import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bookstore_core.spool.drain_status import read_status
from chaos.world import Outcome, World, save_round_and_round
from harness.fault_proxy import Fault
from harness.notebook_server import NotebookServer
from harness.waiting import wait_for


@dataclass(frozen=True)
class FaultCase:
    """A fault that lasts while people save.

    With `heals`, it ends before the drain. With `restarts`, it ends when the server has
    stopped; a new server then drains.
    """

    title: str
    fault: Fault
    heals: bool = False
    restarts: bool = False

    def __call__(self, world: World, saves: int, kills: int) -> Outcome:
        """Fail, save, perhaps heal and restart, drain, and report."""
        world.proxy.fault = self.fault
        with world.server().start() as server:
            save_round_and_round(world, server, saves)
            wait_for(lambda: world.proxy.requests, what="an attempt")
            if self.heals and not self.restarts:
                world.proxy.heal()
            if not self.restarts:
                world.wait_until_drained()
        if self.restarts:
            assert not world.drained()
            world.proxy.heal()
            with world.server().start():
                world.wait_until_drained()
        return world.outcome(self.title)


FAULTS: dict[str, Callable[[World, int, int], Outcome]] = {
    "down": FaultCase("store down, then up", Fault("refuse"), heals=True),
    "lost-answers": FaultCase(
        "answers lost after the write",
        Fault("lose_answer", share=0.5, methods=("PUT",)),
    ),
    "cut-answers": FaultCase(
        "answers cut after 40 bytes", Fault("cut", share=0.3, size=40)
    ),
    "slow-down": FaultCase(
        "503 SlowDown on half", Fault("status", share=0.5, status=503)
    ),
    "credentials": FaultCase(
        "wrong credentials, restart", Fault("status", status=403), restarts=True
    ),
}


#: AWS's shared credentials file.
SHARED_FILE = "[default]\naws_access_key_id = {}\naws_secret_access_key = secret\n"


def server_without_keys(world: World, file: Path) -> NotebookServer:
    """Return a server whose credentials are in AWS's shared file."""
    return world.server(
        environment={
            "AWS_SHARED_CREDENTIALS_FILE": str(file),
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        s3_access_key_id="",
        s3_secret_access_key="",
    )


def credentials_come_late(world: World, saves: int, kills: int) -> Outcome:
    """There are no credentials at first, and AWS's shared file later; no restart."""
    file = world.folder / "credentials"
    with server_without_keys(world, file).start() as server:
        save_round_and_round(world, server, saves)
        wait_for(
            lambda: "credentials" in read_status(str(world.spool)).last_error,
            what="the reason in the status",
        )
        assert not world.proxy.requests
        file.write_text(SHARED_FILE.format("LATE"))
        save_round_and_round(world, server, saves)
        world.wait_until_drained()
    return world.outcome("credentials come late, no restart")


def credentials_expire(world: World, saves: int, kills: int) -> Outcome:
    """Credentials of AWS's shared file expire, and are renewed there; no restart."""
    file = world.folder / "credentials"
    file.write_text(SHARED_FILE.format("OLD"))
    with server_without_keys(world, file).start() as server:
        save_round_and_round(world, server, 5)
        world.wait_until_drained()
        expired = Fault("status", status=400, code="ExpiredToken", access_key="OLD")
        world.proxy.fault, before = expired, len(world.proxy.requests)
        save_round_and_round(world, server, saves)
        wait_for(lambda: len(world.proxy.requests) > before, what="an attempt")
        assert not world.drained()
        file.write_text(SHARED_FILE.format("NEW"))
        world.wait_until_drained()
    return world.outcome("credentials expire, no restart")


def local_store_vanishes(world: World, saves: int, kills: int) -> Outcome:
    """The directory of a local store is gone while people save, also for a new server.

    As when its disk is unmounted: nothing may be written in its place.
    """
    disk = world.local_root = world.folder / "disk"
    away = world.folder / "away"
    local = {"storage": "local", "local_root": str(disk), "s3_bucket": ""}
    with world.server(**local).start() as server:
        save_round_and_round(world, server, 5)
        world.wait_until_drained()
        disk.rename(away)
        save_round_and_round(world, server, saves)
        wait_for(lambda: _says_that_it_is_gone(world), what="the reason in the status")
        server.stop(signal.SIGKILL)
        (disk / "bookstore").mkdir(parents=True)  # the place, without the disk
        server.start()
        save_round_and_round(world, server, saves)
        wait_for(lambda: _says_that_it_is_gone(world), what="the reason in the status")
        assert len(world.waiting()) >= saves
        assert list(disk.rglob("*")) == [disk / "bookstore"], "written in its place"
        shutil.rmtree(disk)
        away.rename(disk)
        world.wait_until_drained()
    return world.outcome(
        "local store vanishes", f"{2 * saves} saves answered meanwhile"
    )


def _says_that_it_is_gone(world: World) -> bool:
    return "cannot be read" in read_status(str(world.spool)).last_error
