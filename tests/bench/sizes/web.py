"""A notebook server whose web app is measured: its processes, and its requests."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import psutil
import requests

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import TOKEN, Generation, NotebookServer

#: How often memory is looked at, in seconds.
EVERY = 0.02


class Web:
    """A running server with the web app; CPU is in milliseconds, memory in MB."""

    def __init__(self, server: NotebookServer) -> None:
        self.server = server

    def get(self, page: str, /, **query: str) -> bytes:
        """Return the body of a page, whose status must be 200."""
        answer = self.server.request("GET", page, params=query)
        return _body(answer)

    def post(self, route: str, /, **fields: str) -> bytes:
        """Send JSON; return the body of an answer without an error."""
        return _body(self.server.request("POST", route, json=fields))

    @property
    def process(self) -> psutil.Process:
        assert self.server.process is not None
        return psutil.Process(self.server.process.pid)

    @property
    def app(self) -> list[psutil.Process]:
        """The processes of the web app: gunicorn's, and those that they started."""
        return self.process.children(recursive=True)

    @property
    def gunicorn(self) -> list[psutil.Process]:
        """Gunicorn's arbiter and worker, without the confined processes."""
        [arbiter] = self.process.children()
        return [arbiter, *arbiter.children()]

    def cpu_of_app(self, act: Callable[[], object], *, times: int) -> float:
        """Return the CPU of gunicorn for one call, of `times` calls."""
        before = cpu(self.gunicorn)
        for _ in range(times):
            act()
        return (cpu(self.gunicorn) - before) / times

    def cpu_of_server(self, act: Callable[[], object], *, times: int) -> float:
        """Return the CPU of the notebook server alone for one call."""
        before = cpu([self.process])
        for _ in range(times):
            act()
        return (cpu([self.process]) - before) / times


def _body(answer: requests.Response) -> bytes:
    if not answer.ok:
        raise RuntimeError(f"{answer.url}: {answer.status_code} {answer.text[:300]}")
    return answer.content


def cpu(processes: list[psutil.Process]) -> float:
    """Return the milliseconds of CPU that processes have used."""
    times = [process.cpu_times() for process in processes]
    return 1000 * sum(each.user + each.system for each in times)


def rss(processes: list[psutil.Process]) -> float:
    """Return the megabytes of memory that processes use."""
    return sum(process.memory_info().rss for process in processes) / 1e6


@contextmanager
def serving(
    generation: Generation, home: Path, *, config: str = "", **traits: str
) -> Iterator[Web]:
    """Run a server with the archiver and the web app."""
    home.mkdir(parents=True, exist_ok=True)
    config += extension_lines("bookstore_archiver", "bookstore_web")
    config += settings_lines(spool_dir=str(home / "spool"), **traits)
    with NotebookServer(generation, home, config=config) as server:
        yield Web(server)


def rate(acts: list[Callable[[], object]], *, clients: int) -> float:
    """Return how many calls a second so many threads make."""
    before = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        for done in [threads.submit(act) for act in acts]:
            done.result()
    return len(acts) / (time.perf_counter() - before)


def asking(web: Web, method: str, path: str, **options: object) -> Callable[[], object]:
    """Return a call for a thread: a request of its own to the server."""

    def ask() -> bytes:
        headers = {"Authorization": f"token {TOKEN}"}
        url = f"{web.server.url}/{path}"
        return _body(
            requests.request(method, url, headers=headers, timeout=120, **options)  # type: ignore[arg-type]
        )

    return ask


class Peak:
    """The most memory that groups of processes use during a block, in MB each."""

    def __init__(self, *groups: Callable[[], list[psutil.Process]]) -> None:
        self._groups = groups
        self._over = False
        self.most = [0.0] * len(groups)
        self._thread = Thread(target=self._watch)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join()

    def _watch(self) -> None:
        while not self._over:
            for index, group in enumerate(self._groups):
                self.most[index] = max(self.most[index], _now(group))
            time.sleep(EVERY)


def _now(group: Callable[[], list[psutil.Process]]) -> float:
    try:
        return rss(group())
    except psutil.NoSuchProcess:
        return 0.0  # one has just ended; the next look counts the others
