"""Clients that work through the service at once, beside the same work on S3.

``python -m bench --part service``: saves, publications and reads of notebooks of 20 KB
by 16 and by 64 people, each with a connection pool of their own. The service is
gunicorn as docs/deploy.md starts it, with a hub that knows the people's tokens, and
keeps all in S3 (ministack). The ways are measured in turn, and each figure is a median.
"""

import io
import json
import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import urllib3

from bench.notebooks import numbered, save_body
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import (
    VersionMetadata,
    VersionStore,
    new_save_id,
    open_store,
    utc_now,
)
from harness.fake_hub import FakeHub, environment_of
from harness.ministack import ministack
from harness.s3_server import make_bucket, s3_client, s3_traits
from harness.service_process import ServiceProcess
from harness.serving import serving

SIZE = 20_000
ROUNDS = 3
Act = Callable[[int], object]


@dataclass(frozen=True)
class Load:
    """How many clients work at once, and how often each of them does."""

    clients: tuple[int, ...] = (16, 64)
    requests: int = 640


#: For the smoke test.
LITTLE = Load(clients=(2,), requests=4)


@dataclass(frozen=True)
class Measured:
    """One way at one number of clients; times are in milliseconds, memory in MB."""

    work: str
    clients: int
    rate: float
    p95: float
    cpu: float
    worker: float

    @classmethod
    def median_of(cls, found: list["Measured"]) -> "Measured":
        """Return the median of each figure."""
        first = found[0]
        figures = {
            name: median(getattr(one, name) for one in found)
            for name in ("rate", "p95", "cpu", "worker")
        }
        return cls(first.work, first.clients, **figures)


class Client:
    """One person, with a store of their own in S3 and one through the service."""

    def __init__(self, number: int, s3: dict[str, str], url: str) -> None:
        self.name = f"person-{number:02}"
        self.token = f"token-{number:02}"
        self._url = url
        self._pool = urllib3.PoolManager()
        self._content = json.loads(save_body(SIZE))["content"]
        self.direct = open_store(BookstoreSettings(**s3))
        service = {"service_url": url, "service_token": self.token}
        self.served = open_store(BookstoreSettings(storage="service", **service))

    @property
    def work(self) -> dict[str, Act]:
        """What is measured, by name; the number is that of the request."""
        path = f"workspace/{self.name}/note.ipynb"
        return {
            "save, S3": lambda turn: self._save(self.direct, path, turn),
            "save, service": lambda turn: self._save(
                self.served, "workspace/note.ipynb", turn
            ),
            "read, S3": lambda turn: self._read(self.direct, path),
            "read, service": lambda turn: self._read(
                self.served, "workspace/note.ipynb"
            ),
            "publish, service": self._publish,
        }

    def _save(self, store: VersionStore, key: str, turn: int) -> None:
        data = numbered(json.dumps(self._content).encode(), turn)
        known = VersionMetadata(save_id=new_save_id(), saved_at=utc_now())
        store.put(key, io.BytesIO(data), size=len(data), metadata=known)

    def _read(self, store: VersionStore, key: str) -> None:
        """Read the newest version: what a clone asks of the store."""
        with store.open(key) as opened:
            opened.read(None)

    def _publish(self, turn: int) -> None:
        model = {"type": "notebook", "format": "json", "content": self._content}
        answer = self._pool.request(
            "PUT",
            f"{self._url}api/bookstore/published/note.ipynb",
            body=numbered(json.dumps(model).encode(), turn),
            headers={
                "Authorization": f"token {self.token}",
                "Content-Type": "application/json",
            },
        )
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {answer.data[:300]!r}")


class Service:
    """The running service, its clients, and what its processes use."""

    def __init__(self, process: ServiceProcess, clients: list[Client]) -> None:
        self._process = process
        self._clients = clients

    @property
    def _workers(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children()

    def _cpu(self) -> float:
        times = [worker.cpu_times() for worker in self._workers]
        return 1000 * sum(each.user + each.system for each in times)

    def measure(self, work: str, clients: int, requests: int) -> Measured:
        """Let so many clients do the work at once, until all requests are answered."""
        each = max(requests // clients, 1)
        before, begun = self._cpu(), time.perf_counter()
        with ThreadPoolExecutor(clients) as threads:
            acts = [client.work[work] for client in self._clients[:clients]]
            took = [
                t
                for found in threads.map(lambda a: timed(a, each), acts)
                for t in found
            ]
        seconds, used = time.perf_counter() - begun, self._cpu() - before
        worker = max(known.memory_info().rss for known in self._workers) / 1e6
        p95 = sorted(took)[math.ceil(0.95 * len(took)) - 1]
        count = len(took)
        return Measured(
            work, clients, count / seconds, 1000 * p95, used / count, worker
        )


def timed(act: Act, times: int) -> list[float]:
    """Do it so many times; return the seconds of each."""
    took = []
    for turn in range(times):
        begun = time.perf_counter()
        act(turn)
        took.append(time.perf_counter() - begun)
    return took


@contextmanager
def running(folder: Path, people: int) -> Iterator[Service]:
    """Run S3, a hub and the service, and make the clients."""
    folder.mkdir()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # of the hub
    with ExitStack() as stack:
        s3 = s3_traits(stack.enter_context(ministack(folder / "s3")), "bench")
        make_bucket(s3_client(s3["s3_endpoint_url"]), "bench")
        hub = FakeHub()
        environment = environment_of(stack.enter_context(serving(hub)))
        traits: dict[str, Any] = {"auth": "hub", "proxy_user_header": ""}
        process = ServiceProcess(
            folder / "service", environment, proxy_secret="", **traits, **s3
        )
        stack.callback(process.kill)
        process.start()
        url = f"{process.url}{environment['JUPYTERHUB_SERVICE_PREFIX']}"
        clients = [Client(number, s3, url) for number in range(people)]
        for client in clients:
            hub.give(client.token, client.name)
            for act in client.work.values():
                act(0)  # connections, and a notebook to read
        yield Service(process, clients)


def measure_service(folder: Path, load: Load) -> Iterator[Measured]:
    """Yield the medians, one way after another."""
    with running(folder, max(load.clients)) as service:
        for clients in load.clients:
            found: dict[str, list[Measured]] = defaultdict(list)
            for _ in range(ROUNDS):
                for work in service._clients[0].work:
                    found[work].append(service.measure(work, clients, load.requests))
            yield from map(Measured.median_of, found.values())


def service_table(found: list[Measured]) -> str:
    """Return the lines of a table."""
    lines = ["clients  work               1/s   p95 (ms)  CPU (ms)  worker (MB)"]
    lines += [
        f"{one.clients:>7}  {one.work:<17} {one.rate:>4.0f}  {one.p95:>8.0f}  "
        f"{one.cpu:>8.2f}  {one.worker:>11.0f}"
        for one in found
    ]
    return "\n".join(lines)
