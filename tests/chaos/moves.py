"""A case that kills the server while notebooks are renamed and restored."""

import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, pairwise

from bookstore_core.history import History, HistoryRow
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from chaos.world import Outcome, World, number_of
from harness.fault_proxy import Fault
from harness.notebook_server import NotebookServer
from harness.s3_server import s3_traits
from harness.waiting import wait_for

#: What is done with a notebook, repeatedly.
HABIT = ("save", "restore", "save", "rename", "rename", "save")


@dataclass
class Wanderer:
    """A notebook that is renamed repeatedly; each name is used once."""

    world: World
    stem: str
    names: int = 0
    habit: Iterator[str] = field(default_factory=lambda: cycle(HABIT))
    restored: set[int] = field(default_factory=set)
    #: Whether its path is not known because a rename was not answered.
    strayed: bool = False
    #: Whether its file may be torn, as Jupyter writes in place; it is saved next.
    torn: bool = False

    @property
    def path(self) -> str:
        return self.path_of(self.names)

    @property
    def paths(self) -> list[str]:
        return [self.path_of(name) for name in range(self.names + 1)]

    @property
    def saved(self) -> set[int]:
        """The numbers of its saves that were acknowledged."""
        return {n for path in self.paths for n in self.world.ledger.acknowledged[path]}

    def path_of(self, name: int) -> str:
        return f"{self.stem}-{name}.ipynb"

    def step(self, server: NotebookServer) -> bool:
        """Take the next step; return whether the server answered."""
        fresh = not self.world.ledger.acknowledged[self.path]
        habit = "save" if fresh or self.torn else next(self.habit)
        if habit == "rename":
            if not self.world.rename(server, self.path, self.path_of(self.names + 1)):
                self.strayed = True
                return False
            self.names += 1
            return True
        answered = self.world.save(
            server, self.path, restored_from="x" * 8 if habit == "restore" else ""
        )
        self.torn = not answered
        if answered and habit == "restore":
            self.restored.add(self.world.ledger.acknowledged[self.path][-1])
        return answered


@contextmanager
def _wandering(server: NotebookServer, notebooks: list[Wanderer]) -> Iterator[None]:
    ended = threading.Event()

    def run() -> None:
        for notebook in cycle(notebooks):
            if ended.is_set() or not notebook.step(server):
                return

    thread = threading.Thread(target=run, name="chaos-wanderers", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(70)


def kill_while_renaming(world: World, saves: int, kills: int) -> Outcome:
    """Kill the server (-9) during renames and restores; each history is complete."""
    dice = random.Random(7)  # noqa: S311
    world.proxy.fault = Fault(
        "delay", seconds=0.03
    )  # so that saves wait when notebooks are renamed
    all_of_them: list[Wanderer] = []
    for _ in range(kills):
        kept = [known for known in all_of_them[-4:] if not known.strayed]
        fresh = [
            Wanderer(world, f"note-{len(all_of_them) + number}")
            for number in range(4 - len(kept))
        ]
        all_of_them = [n for n in all_of_them if n not in kept] + kept + fresh
        server = world.server().start()
        before = world.ledger.total
        with _wandering(server, all_of_them[-4:]):
            wait_for(lambda before=before: world.ledger.total > before, what="a save")
            threading.Event().wait(dice.uniform(0.0, 1.5))
            server.stop(signal.SIGKILL)
    with world.server().start():
        world.wait_until_drained()
    world.proxy.heal()
    found = world.outcome("kill -9 under renames", f"{kills} kills")
    history = History(open_store(_settings(world)), _settings(world))
    for notebook in all_of_them:
        # The first save of a notebook may have been killed, so that nothing is kept.
        if notebook.saved:
            _check_history(world, notebook, _rows(history, notebook.path))
    return found


def _settings(world: World) -> BookstoreSettings:
    return BookstoreSettings(**s3_traits(world.proxy.url, world.bucket))


def _rows(history: History, path: str) -> list[HistoryRow]:
    rows: list[HistoryRow] = []
    cursor = None
    while True:
        page = history.page(path, cursor=cursor, limit=1000)
        rows, cursor = [*rows, *page.rows], page.cursor
        if cursor is None:
            return rows[::-1]


def _check_history(world: World, notebook: Wanderer, rows: list[HistoryRow]) -> None:
    """Compare a history, oldest first, with what was done with the notebook."""
    numbers = [_number(world, row) for row in rows]
    found = f"{notebook.stem}: {numbers}"
    assert all(one <= other for one, other in pairwise(numbers)), found
    lost = notebook.saved - set(numbers)
    assert not lost, f"{found} lacks {lost}"
    seams = [row.path for row in rows if row.moved_from]
    assert seams == notebook.paths[1:], found
    restored = {
        number for row, number in zip(rows, numbers, strict=True) if row.restored_from
    }
    assert notebook.restored <= restored, found


def _number(world: World, row: HistoryRow) -> int:
    answer = world.client.get_object(
        Bucket=world.bucket,
        Key=f"workspace/{row.path}",
        VersionId=row.version.version_id,
    )
    return number_of(answer["Body"].read())
