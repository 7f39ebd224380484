"""A notebook server, a store with injected faults, and a ledger of the saves."""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests

from bookstore_core.origins import Origin
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from harness.config_files import extension_lines, settings_lines
from harness.fault_proxy import FaultProxy
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.s3_server import S3Server, s3_traits, versions_of
from harness.waiting import wait_for


@dataclass
class Ledger:
    """The numbers that were saved, by path: acknowledged, or without an answer."""

    acknowledged: dict[str, list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )
    unanswered: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def total(self) -> int:
        return sum(len(numbers) for numbers in self.acknowledged.values())


@dataclass(frozen=True)
class Promise:
    """A version that must exist if the server answers."""

    path: str
    number: int


@dataclass(frozen=True)
class Outcome:
    """The result of a case: good if nothing is lost, doubled or out of order."""

    case: str
    acknowledged: int
    found: int
    lost: int
    duplicated: int
    out_of_order: int
    remark: str = ""
    broken: bool = False  # the case did not finish

    def cells(self, generation: str) -> tuple[object, ...]:
        """The outcome as a line of the table."""
        numbers = (self.acknowledged, self.found, self.lost, self.duplicated)
        return (self.case, generation, *numbers, self.out_of_order)

    @property
    def good(self) -> bool:
        hurt = self.lost or self.duplicated or self.out_of_order
        return not (hurt or self.broken)


class World:
    """All that a case needs: a bucket, a proxy in front of it, and notebook servers."""

    def __init__(
        self, folder: Path, s3: S3Server, proxy: FaultProxy, generation: Generation
    ) -> None:
        self.folder = folder
        self.proxy = proxy
        self.generation = generation
        self.bucket = s3.make_bucket(f"chaos-{abs(hash(folder)) % 10**12}")
        self.client = s3.client()
        self.ledger = Ledger()
        self.home = folder / "home"
        self.spool = folder / "spool"
        #: The directory of a local store, in the cases that use one.
        self.local_root: Path | None = None
        #: Further lines of the config file.
        self.lines = ""
        #: The statuses of answers after which the file has the new content.
        self.written = {200, 201}
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def config(self, **traits: Any) -> str:
        """Return a config file whose store is behind the proxy."""
        values = {
            **s3_traits(self.proxy.url, self.bucket),
            "spool_dir": str(self.spool),
            "shutdown_timeout": 0.5,
            **traits,
        }
        lines = extension_lines("bookstore_archiver") + settings_lines(**values)
        return lines + self.lines

    def server(
        self,
        *,
        home: Path | None = None,
        environment: dict[str, str] | None = None,
        prefix: tuple[str, ...] = (),
        **traits: Any,
    ) -> NotebookServer:
        """Return a server, not started, that archives into the world's spool."""
        return NotebookServer(
            self.generation,
            home or self.home,
            config=self.config(**traits),
            environment=environment,
            prefix=prefix,
        )

    def save(
        self,
        server: NotebookServer,
        path: str,
        *,
        padding: str = "",
        restored_from: str = "",
    ) -> bool:
        """Save the path's next number; record in the ledger if the server answered."""
        with self._lock:
            self._numbers[path] += 1
            number = self._numbers[path]
        content = notebook(f"save {number}", padding)
        model = {"type": "notebook", "format": "json", "content": content}
        if restored_from:
            model |= Origin(restored_from).member
        return self._ask(server, "PUT", path, model, Promise(path, number))

    def rename(self, server: NotebookServer, old: str, new: str) -> bool:
        """Rename a notebook; this makes a version of its newest number at `new`."""
        with self._lock:
            number = self._numbers[new] = self._numbers[old]
        return self._ask(server, "PATCH", old, {"path": new}, Promise(new, number))

    def _ask(
        self,
        server: NotebookServer,
        method: str,
        path: str,
        model: dict[str, Any],
        promise: Promise,
    ) -> bool:
        try:
            answer = server.request(method, f"api/contents/{path}", json=model)
        except requests.RequestException:
            answered = False
        else:
            answered = answer.status_code in self.written
        if answered:
            self.ledger.acknowledged[promise.path].append(promise.number)
        else:
            self.ledger.unanswered[promise.path].add(promise.number)
        return answered

    def found(self, path: str) -> list[int]:
        """Return the numbers of all versions of the path, oldest first."""
        if self.local_root is not None:
            return self._found_locally(f"workspace/{path}")
        versions = versions_of(self.client, self.bucket, f"workspace/{path}")
        return [number_of(version["Body"]) for version in versions]

    def _found_locally(self, key: str) -> list[int]:
        store = open_store(
            BookstoreSettings(storage="local", local_root=str(self.local_root))
        )
        versions = store.list_versions(key, limit=100_000).versions
        bodies = []
        for version in reversed(versions):
            with store.open(key, version.version_id) as opened:
                bodies.append(opened.read(10**9))
        return [number_of(body) for body in bodies]

    def waiting(self) -> list[str]:
        """Return the names of the saves that wait in the spool."""
        found = [*self.spool.glob("new/*"), *self.spool.glob("cur/*")]
        return sorted(path.name for path in found)

    def drained(self) -> bool:
        """Whether nothing waits in the spool."""
        return not self.waiting()

    def notes(self) -> list[Path]:
        """Return the files in which servers record what they could not spool."""
        return list(self.spool.glob("unprotected/*"))

    def wait_for_the_newest(self) -> None:
        """Wait until the newest version of each notebook is its newest save."""
        newest = {p: n[-1] for p, n in self.ledger.acknowledged.items()}
        wait_for(
            lambda: all(self.found(p)[-1:] == [n] for p, n in newest.items()),
            what="the newest state of each notebook",
            seconds=60,
            every=0.2,
        )

    def promise_only_what_is_there(self) -> None:
        """Remove lost saves from the ledger, except the newest of each notebook."""
        for path, numbers in self.ledger.acknowledged.items():
            kept = {*self.found(path), numbers[-1]}
            self.ledger.acknowledged[path] = [n for n in numbers if n in kept]

    def wait_until_drained(self, *, seconds: float = 120) -> None:
        wait_for(self.drained, what="an empty spool", seconds=seconds, every=0.1)

    def outcome(self, case: str, remark: str = "") -> Outcome:
        """Read all versions and compare them with the ledger."""
        found = lost = duplicated = disordered = 0
        for path in {*self.ledger.acknowledged, *self.ledger.unanswered}:
            versions = self.found(path)
            known = Counter(versions)
            found += len(versions)
            lost += sum(n not in known for n in self.ledger.acknowledged[path])
            duplicated += sum(times - 1 for times in known.values())
            disordered += sum(later < earlier for earlier, later in pairwise(versions))
        return Outcome(
            case, self.ledger.total, found, lost, duplicated, disordered, remark
        )


def number_of(body: bytes) -> int:
    """Return the number in the first cell of a saved notebook."""
    source = json.loads(body)["cells"][0]["source"]
    return int("".join(source).split()[1])


def save_round_and_round(world: World, server: NotebookServer, saves: int) -> None:
    """Save five notebooks in turn."""
    for number in range(saves):
        world.save(server, f"note-{number % 5}.ipynb")


@contextmanager
def stream(
    world: World, server: NotebookServer, paths: list[str], saves: int
) -> Iterator[threading.Thread]:
    """Save round and round over the paths, in a thread, until `saves` or the end."""
    ended = threading.Event()

    def run() -> None:
        for number in range(saves):
            if ended.is_set() or not world.save(server, paths[number % len(paths)]):
                return

    thread = threading.Thread(target=run, name="chaos-stream", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        ended.set()
        thread.join(70)
