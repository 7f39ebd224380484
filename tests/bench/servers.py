"""Two servers of one generation that run together: plain, and with bookstore."""

import http.client
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import TOKEN, Generation, NotebookServer
from harness.s3_server import s3_traits
from harness.waiting import wait_for

HEADERS = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}

#: Seconds without any request, in which work that a save has started ends.
SETTLE = 0.02

#: Config lines with which a server lists its imported modules at SIGUSR2.
LIST_MODULES = """\
import os, signal, sys
def list_modules(*_):
    with open({path!r} + ".draft", "w") as file:
        file.write("\\n".join(sys.modules))
    os.replace({path!r} + ".draft", {path!r})
signal.signal(signal.SIGUSR2, list_modules)
"""


class Side:
    """One of the two servers; times are in milliseconds."""

    def __init__(self, generation: Generation, home: Path, config: str) -> None:
        home.mkdir()
        self._modules = home / "modules"
        self.spool = home / "spool"
        config += LIST_MODULES.format(path=str(self._modules))
        self._server = NotebookServer(generation, home, config=config)
        self._connection: http.client.HTTPConnection | None = None
        #: Milliseconds from the last start to the first answer.
        self.started_in = 0.0

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        before = time.perf_counter()
        self._server.start()
        self.started_in = 1000 * (time.perf_counter() - before)
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", self._server.port, timeout=120
        )

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._server.stop()

    @property
    def process(self) -> psutil.Process:
        assert self._server.process is not None
        return psutil.Process(self._server.process.pid)

    @property
    def cpu(self) -> float:
        """Milliseconds of CPU that the server has used."""
        times = self.process.cpu_times()
        return float(1000 * (times.user + times.system))

    @property
    def rss(self) -> float:
        """Megabytes of memory that the server uses."""
        return float(self.process.memory_info().rss / 1e6)

    def modules(self) -> set[str]:
        """Return the names of the modules that the server has imported."""
        self._modules.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR2)
        # Any thread may get the signal: a request wakes the one that handles it.
        wait_for(self._has_listed, what="the server's list of modules", every=0.1)
        return set(self._modules.read_text().splitlines())

    def _has_listed(self) -> bool:
        self._server.request("GET", "api/status")
        return self._modules.exists()

    def save(self, path: str, body: bytes) -> float:
        """Save a notebook by its request's body; return how long it took."""
        return self._ask("PUT", path, body)

    def read(self, path: str) -> float:
        """Read a notebook; return how long it took."""
        return self._ask("GET", path, None)

    def look(self, path: str) -> float:
        """Request a notebook without its content; return how long it took."""
        return self._ask("GET", f"{path}?content=0", None)

    def _ask(self, method: str, path: str, body: bytes | None) -> float:
        assert self._connection is not None
        before = time.perf_counter()
        self._connection.request(method, f"/api/contents/{path}", body, HEADERS)
        answer = self._connection.getresponse()
        answer.read()
        taken = time.perf_counter() - before
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status}\n{self._server.log}")
        return 1000 * taken

    def settle(self) -> None:
        """Wait until the spool is empty, and a little longer."""
        folders = (self.spool / "new", self.spool / "cur")
        wait_for(
            lambda: not any(any(f.glob("*")) for f in folders if f.is_dir()),
            what="an empty spool",
            seconds=300,
            every=0.01,
        )
        time.sleep(SETTLE)


class Pair:
    """A plain server and one with bookstore, measured in turn."""

    def __init__(
        self, generation: Generation, folder: Path, url: str, bucket: str
    ) -> None:
        folder.mkdir()
        self.plain = Side(generation, folder / "plain", extension_lines())
        ours = folder / "bookstore"
        traits = {**s3_traits(url, bucket), "spool_dir": str(ours / "spool")}
        config = extension_lines("bookstore_archiver") + settings_lines(**traits)
        self.ours = Side(generation, ours, config)

    def rounds(self, number: int) -> Iterator[tuple[int, Side]]:
        """Yield the number of a round and a side: A B, B A, A B, and so on."""
        for turn in range(number):
            sides = (self.plain, self.ours)
            for side in sides if turn % 2 == 0 else reversed(sides):
                yield turn, side


@contextmanager
def running(pair: Pair) -> Iterator[Pair]:
    """Run both servers until the end of the block."""
    with ExitStack() as stack:
        for side in (pair.plain, pair.ours):
            side.start()
            stack.callback(side.stop)
        yield pair
