"""People save at once on a JupyterHub, whose parts are killed in turn (-9).

    python -m chaos.hub [--people N] [--rounds N]

The hub, its proxy, the bookstore service, some servers of people, and then all of these
at once are killed in each round, and started again as an administrator or the hub does
it. Exits with 1 if an acknowledged save is not exactly one version of the person who
saved, if versions are out of order, or if anybody has what is another's.
"""

import argparse
import ctypes
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from statistics import median

import psutil
import requests

from bookstore_core.stores import Version, VersionStore
from chaos.world import Ledger
from harness.hub_service import ServiceHub, Someone
from harness.notebook_server import notebook
from harness.versions import first_source
from harness.waiting import wait_for

#: A server without the pages of Notebook 7: 20 of them are to fit into a machine.
LEAN = """
c.Spawner.environment.update(JUPYTERHUB_SINGLEUSER_APP="jupyter_server.serverapp.ServerApp")
c.ConfigurableHTTPProxy.check_running_interval = 1
c.Spawner.poll_interval = 5
"""
#: The extensions that Jupyter enables by itself, and that saving does not need.
FEWER = (
    "c.ServerApp.jpserver_extensions.update(dict.fromkeys(('jupyterlab', 'notebook', "
    "'nbclassic', 'nbdime', 'jupyter_lsp', 'jupyter_server_terminals', "
    "'jupyter_server_fileid', 'notebook_shim'), False))\n"
)
NOTEBOOKS = 2
#: Seconds between two saves of a person.
PAUSE = 0.5


class World:
    """The hub, its people and what they have saved; finds the processes to kill."""

    def __init__(self, folder: Path, people: int) -> None:
        self.folder = folder
        self.site = ServiceHub(folder, more=LEAN)
        for file in (folder / "hub" / "config").glob("jupyter_*_config.py"):
            file.write_text(file.read_text() + FEWER)
        self.ledger = Ledger()
        self.people: list[Someone] = []
        self._names = [f"person-{number:02}" for number in range(people)]
        self._numbers: Counter[str] = Counter()
        #: When each person's last save was acknowledged.
        self.last = dict.fromkeys(self._names, 0.0)

    def begin(self) -> None:
        """Make the people, and start their servers, a few at once."""
        self.people = [self.site.person(name) for name in self._names]
        self.start(self.people)

    def start(self, people: list[Someone]) -> None:
        """Start servers that are not there, a few at once."""
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(start, people))

    def save(self, person: Someone) -> None:
        """Save the next number in one of a person's notebooks, and note the answer."""
        self._numbers[person.name] += 1
        number = self._numbers[person.name]
        path = f"note-{number % NOTEBOOKS}.ipynb"
        content = notebook(f"save {number} of {person.name}")
        model = {"type": "notebook", "format": "json", "content": content}
        name = f"{person.name}/{path}"
        try:
            answer = person.ask("PUT", f"api/contents/{path}", json=model)
        except requests.RequestException:
            self.ledger.unanswered[name].add(number)
            return
        if answer.status_code in (200, 201):
            self.ledger.acknowledged[name].append(number)
            self.last[person.name] = time.monotonic()
        else:
            self.ledger.unanswered[name].add(number)

    def processes(self, *words: str) -> list[psutil.Process]:
        """Return the processes of this hub with these words in their command line."""
        return [
            process
            for process in psutil.process_iter(["pid", "cmdline"])
            if _is_below(process, self.folder)
            and all(word in " ".join(process.info["cmdline"] or ()) for word in words)
        ]

    def servers(self) -> list[psutil.Process]:
        """Return the processes of people's servers."""
        return self.processes("jupyterhub-singleuser")

    def waiting(self) -> list[Path]:
        """Return the saves in the spools."""
        spools = (self.folder / "hub" / "users").glob(
            "*/.local/share/jupyter/bookstore/spool"
        )
        return [
            path
            for spool in spools
            for part in ("new", "cur")
            for path in (spool / part).glob("*")
        ]

    def service_answers(self) -> bool:
        """Return whether the service answers, through the hub's proxy."""
        try:
            url = f"{self.site.service_url}api/bookstore/healthz"
            return requests.get(url, timeout=10).ok
        except requests.RequestException:
            return False

    def sweep(self) -> None:
        """Kill what is left: after a kill, nobody stops the children."""
        for process in self.processes():
            kill(process)


def start(person: Someone) -> None:
    """Start a person's server; again if the hub fails at it under load."""
    for _ in range(4):
        with suppress(AssertionError):
            person.start()
            return
    person.start()


def _is_below(process: psutil.Process, folder: Path) -> bool:
    """Return whether a process works for the hub in this folder."""
    try:
        variables = process.environ()
        where = {variables.get("HOME", ""), variables.get("JUPYTER_CONFIG_DIR", "")}
        where.add(process.cwd())
    except psutil.Error:
        return False
    return any(Path(path).is_relative_to(folder) for path in where if path)


def kill(process: psutil.Process) -> None:
    """Kill a process that may have ended; an orphan that is ours is gone after it."""
    with suppress(psutil.NoSuchProcess):
        process.kill()
        if process.ppid() == os.getpid():
            wait_for(lambda: not process.is_running(), what="the end of an orphan")


def adopt() -> None:
    """Become the parent of orphans, and let none of them stay as a zombie.

    The hub takes a zombie for a process that runs, and not every container has an init.
    """
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    threading.Thread(target=_reap, name="init", daemon=True).start()


def _reap() -> None:
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.1)


def kill_hub(world: World) -> None:
    """Kill the hub alone, and start it again."""
    world.site.hub.kill()
    world.site.hub.start()


def kill_proxy(world: World) -> None:
    """Kill the hub's proxy; the hub starts it again."""
    [proxy] = world.processes("configurable-http-proxy")
    kill(proxy)


def kill_service(world: World) -> None:
    """Kill gunicorn with all of its workers; the hub starts it again in 30 s."""
    for process in world.processes("gunicorn"):
        kill(process)
    wait_for(world.service_answers, what="the service", seconds=120, every=0.5)


def kill_servers(world: World) -> None:
    """Kill the servers of some people, and start them again."""
    some = random.sample(world.people, max(len(world.people) // 4, 1))
    names = {person.name for person in some}
    for process in world.servers():
        if process.environ().get("JUPYTERHUB_USER") in names:
            kill(process)
    world.start(some)


def kill_all(world: World) -> None:
    """Kill everything at once, as when the power fails; start the hub and servers."""
    world.site.hub.kill()
    world.sweep()
    world.site.hub.start()
    world.start(world.people)


KILLS: dict[str, Callable[[World], None]] = {
    "the hub": kill_hub,
    "its proxy": kill_proxy,
    "the service": kill_service,
    "some servers": kill_servers,
    "everything": kill_all,
}


def save_until(world: World, person: Someone, ended: threading.Event) -> None:
    """Save a person's notebooks in turn until the end."""
    while not ended.wait(PAUSE):
        world.save(person)


def wait_until_all_save(world: World, since: float) -> None:
    """Wait until the server of each person has acknowledged a save since then."""
    wait_for(
        lambda: not [name for name, last in world.last.items() if last < since],
        what="a save of each person",
        seconds=300,
        every=0.1,
    )


def run(world: World, rounds: int) -> None:
    """Kill while people save; print seconds until everybody saved again."""
    ended = threading.Event()
    with ThreadPoolExecutor(len(world.people)) as pool:
        running = [pool.submit(save_until, world, p, ended) for p in world.people]
        try:
            wait_until_all_save(world, time.monotonic())
            for what, action in list(KILLS.items()) * rounds:
                since = time.monotonic()
                action(world)
                wait_until_all_save(world, time.monotonic())
                took = time.monotonic() - since
                print(f"killed {what}: all save again after {took:.1f} s", flush=True)
        finally:
            ended.set()
        for one in running:
            one.result()


def number_and_name(store: VersionStore, version: Version) -> tuple[int, str]:
    """Return what a save of a person wrote: its number, and their name."""
    with store.open(version.key, version.version_id) as opened:
        _, number, _, name = first_source(opened.read(10**6)).split()
    return int(number), name


def check(world: World) -> tuple[Counter[str], list[str]]:
    """Compare all versions with what was acknowledged; return counts and problems."""
    store, counts, problems = world.site.store(), Counter[str](), []
    keys = {key.key for key in store.walk_keys("").keys}
    names = {*world.ledger.acknowledged, *world.ledger.unanswered}
    problems += [
        f"{key} is nobody's"
        for key in keys
        if ".bookstore/" not in key and key.removeprefix("workspace/") not in names
    ]
    for name in sorted(names):
        person = name.partition("/")[0]
        versions = store.list_versions(f"workspace/{name}", limit=100_000).versions
        found = []
        for version in reversed(versions):
            head = store.head(version.key, version.version_id)
            number, writer = number_and_name(store, version)
            found.append(number)
            author = head.metadata and head.metadata.author
            if {writer, author} != {person}:
                problems.append(f"{name}: save {number} of {writer}, author {author}")
        acknowledged = world.ledger.acknowledged[name]
        counts["acknowledged"] += len(acknowledged)
        counts["versions"] += len(found)
        counts["lost"] += len(lost := set(acknowledged) - set(found))
        counts["double"] += len(found) - len(set(found))
        counts["disorder"] += sum(later < earlier for earlier, later in pairwise(found))
        if lost:
            problems.append(f"{name}: lost {sorted(lost)}")
    return counts, problems


def main() -> int:
    """Run with as many people as the command line says."""
    parser = argparse.ArgumentParser(prog="chaos.hub")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2, help="of five kills each")
    words = parser.parse_args()
    adopt()
    with tempfile.TemporaryDirectory(prefix="chaos-hub-") as name:
        world = World(Path(name), words.people)
        try:
            return report(world, words.rounds)
        finally:
            world.sweep()


def report(world: World, rounds: int) -> int:
    """Run, wait until the spools are empty, and print what was found."""
    with world.site:
        world.begin()
        memory = median(process.memory_info().rss for process in world.servers())
        print(f"{len(world.people)} servers, {memory / 1e6:.0f} MB each", flush=True)
        run(world, rounds)
        wait_for(
            lambda: not world.waiting(), what="empty spools", seconds=300, every=0.5
        )
    counts, problems = check(world)
    for problem in problems[:20]:
        print(problem)
    print(
        ", ".join(f"{what} {number}" for what, number in counts.items()),
        f"foreign {len(problems)}",
    )
    bad = problems or any(counts[what] for what in ("lost", "double", "disorder"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
