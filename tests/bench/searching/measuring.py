"""Searches in growing catalogues, over SQLite and PostgreSQL."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import Connection, func, select

from bench.searching.corpus import RARE, Corpus, text_of, word
from bench.searching.finding import measure_finding
from bench.sizes.growth import Growth
from bookstore_core.settings import BookstoreSettings
from bookstore_web import create_app
from bookstore_web.app.services import EXTENSION, Services
from bookstore_web.catalogue.answers import Answers, Reach
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.databases.tables import NOTEBOOKS
from bookstore_web.catalogue.place import SCHEMA, open_catalogue
from bookstore_web.catalogue.query import parse_query
from bookstore_web.catalogue.walk import THREADS, Walk
from harness.postgres import find_programs, serving_postgres

SIZES = (1_000, 100_000, 300_000)
#: Times that a search is measured, after one that is not.
TIMES = 7
#: What is to be reached: milliseconds, notebooks a second, percent, and seconds.
SEARCH, RECENT, LISTED, SHARE, FOUND = 100, 5, 1000, 15, 10
#: Notebooks and bytes of an image, of the catalogue whose share is measured, too.
ILLUSTRATED, IMAGE = 1000, 80_000

#: A person, of 500, who may read their own folder and the shelf of all.
ONE = Reach(
    {"workspace": "workspace/person007/", "published": "published/"},
    ("workspace/person007/", "published/"),
    hidden=("published/@",),
)
FEW = Reach({"workspace": "workspace/person007/"}, ("workspace/person007/",))


@dataclass(frozen=True)
class Wanted:
    """A search that is measured: what is asked, and by whom."""

    name: str
    q: str
    reach: Reach | None = None


def wanted() -> list[Wanted]:
    """Return the searches. `common` words are in nearly all notebooks."""
    common, other, third = word(0), word(1), word(2)
    phrase = " ".join(text_of(RARE).split()[5:8])
    return [
        Wanted("a common word", common),
        Wanted("a rare word", "xylophone"),
        Wanted("three common words", f"{common} {other} {third}"),
        Wanted("a phrase of common words", f'"{common} {other}"'),
        Wanted("a long phrase of common words", f'"{common} {other} {third} {common}"'),
        Wanted("a phrase of one notebook", f'"{phrase}"'),
        Wanted("the beginning of common words", common[:3]),
        Wanted("a part of names", "nalysi"),
        Wanted("author:", f"author:person123 {common}"),
        Wanted("in: of one person", f"in:person123 {common}"),
        Wanted("label:", 'label:"as sent"'),
        Wanted("kernel: that all have", "kernel:python3"),
        Wanted("after:, a month", "after:2020-03-01 before:2020-04-01 " + common),
        Wanted("before:", "before:2020-04-01"),
        Wanted("before: and a common word", f"before:2020-04-01 {common}"),
        Wanted(
            "all of them", f"author:person100 kernel:python3 after:2020-02-01 {common}"
        ),
        Wanted("a common word, by one of 500", common, ONE),
        Wanted("a rare word, by one of 500", "xylophone", ONE),
        Wanted("a common word, by who reads little", common, FEW),
        Wanted("a phrase, by who reads little", f'"{common} {other}"', FEW),
    ]


def measure_searching(folder: Path, sizes: Sequence[int]) -> Iterator[list[Growth]]:
    """Yield what was measured over SQLite, and over PostgreSQL if it is installed."""
    folder.mkdir()
    url = f"sqlite:///{folder}/catalogue.sqlite"
    yield _Measured("SQLite", url, folder).measure(sizes)
    if find_programs() is not None:
        with serving_postgres(vacuums=True) as url:
            yield _Measured("PostgreSQL", url, folder).measure(sizes)


@dataclass
class _Cost:
    """Milliseconds: of the wall, and of CPU of this process and the database."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


class _Measured:
    """The rows of the table for one database."""

    def __init__(self, name: str, url: str, folder: Path) -> None:
        self.name, self.url, self.folder = name, url, folder
        self.found: list[Growth] = []

    def measure(self, sizes: Sequence[int]) -> list[Growth]:
        corpus = Corpus()
        catalogue = _open(self.url)
        for size in sizes:
            corpus.grow(size)
            self._build(corpus, catalogue, size)
            self._ask(catalogue, size)
            self._share(catalogue, size, "text alone")
            self._app(corpus, size)
        catalogue.close()
        self._illustrated(min(sizes[-1], ILLUSTRATED))
        return self.found

    def _row(
        self,
        work: str,
        unit: str,
        reach: float | None = None,
        *,
        at_least: bool = False,
    ) -> Growth:
        work = f"{work}, {self.name}"
        for known in self.found:
            if known.work == work:
                return known
        self.found.append(Growth(work, unit, "notebooks", reach, at_least))
        return self.found[-1]

    def _build(self, corpus: Corpus, catalogue: Catalogue, size: int) -> None:
        """List and read what is new, and list it again."""
        before = Answers(catalogue).counts()[0]
        walk = Walk(corpus, catalogue, threads=THREADS)
        rates = (("listing", walk.list), ("reading", walk.read), ("again", walk.list))
        for name, act in rates:
            cost = _Cost()
            with self._metered(cost):
                for _ in act():
                    pass
            number = size if name == "again" else size - before
            reach = None if name == "reading" else LISTED
            work = "listing, nothing new" if name == "again" else name
            row = self._row(work, "/s", reach, at_least=True)
            row.add(size, 1000 * number / cost.wall[0])
            self._row(f"{work}: CPU each", "ms").add(size, cost.cpu[0] / number)

    def _ask(self, catalogue: Catalogue, size: int) -> None:
        for search in wanted():
            query = parse_query(search.q)
            answers = Answers(catalogue, search.reach)
            cost = self._cost(lambda a=answers, q=query: a.search(q))  # type: ignore[misc]
            self._add(search.name, cost, size, SEARCH)
        for shelf in ("workspace", "published"):
            cost = self._cost(lambda s=shelf: Answers(catalogue).recent(s, 20))  # type: ignore[misc]
            self._add(f"recent, {shelf}", cost, size, RECENT)
        cost = self._cost(lambda: Answers(catalogue, ONE).recent("workspace", 20))
        self._add("recent of one of 500", cost, size, RECENT)

    def _add(self, name: str, cost: _Cost, size: int, reach: float) -> None:
        self._row(name, "ms", reach).add(size, statistics.median(cost.wall))
        self._row(f"{name}: CPU", "ms").add(size, statistics.median(cost.cpu))

    def _cost(self, act: Callable[[], object]) -> _Cost:
        cost = _Cost()
        act()
        for _ in range(TIMES):
            with self._metered(cost):
                act()
        return cost

    @contextmanager
    def _metered(self, cost: _Cost) -> Iterator[None]:
        cpu, wall = self._cpu(), time.perf_counter()
        yield
        cost.wall.append(1000 * (time.perf_counter() - wall))
        cost.cpu.append(1000 * (self._cpu() - cpu))

    def _cpu(self) -> float:
        """Return the seconds of this process, and of the database's."""
        used = time.process_time()
        if home := self._home:
            pid = (home / "data/postmaster.pid").read_text().split()[0]
            server = psutil.Process(int(pid))
            for process in (server, *server.children()):
                times = process.cpu_times()
                used += times.user + times.system
            # Those that helped with a request, and have ended.
            times = server.cpu_times()
            used += times.children_user + times.children_system
        return used

    @property
    def _home(self) -> Path | None:
        return Path(self.url.partition("host=")[2]) if "host=" in self.url else None

    def _share(self, catalogue: Catalogue, size: int, what: str) -> None:
        with catalogue.reading() as connection:
            wanted = select(func.sum(NOTEBOOKS.c.size))
            indexed = int(connection.execute(wanted).scalar_one())
            used = self._bytes(connection)
        self._row(f"size, {what}", "%", SHARE).add(size, 100 * used / indexed)

    def _bytes(self, connection: Connection) -> int:
        if connection.dialect.name == "sqlite":
            return Path(connection.engine.url.database or "").stat().st_size
        wanted = (
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = to_regnamespace(%(schema)s)"
        )
        return int(connection.exec_driver_sql(wanted, {"schema": SCHEMA}).scalar_one())

    def _illustrated(self, size: int) -> None:
        """Measure the size of a catalogue of notebooks with an image each."""
        corpus = Corpus(image=IMAGE)
        corpus.grow(size)
        url = self.url.replace("catalogue.sqlite", "illustrated.sqlite")
        catalogue = _open(url, rebuild=True)
        walk = Walk(corpus, catalogue)
        for act in (walk.list, walk.read):
            for _ in act():
                pass
        self._share(catalogue, size, "an image in each")
        catalogue.close()

    def _app(self, corpus: Corpus, size: int) -> None:
        """Open the home page in a new app, and search for what is stored then."""
        app = create_app(_settings(self.url))
        services: Services = app.extensions[EXTENSION]
        services._stores = {True: corpus, False: corpus}
        client = app.test_client()
        for name, query in (("home", {}), ("shelf", {"shelf": "published"})):
            corpus.requests = 0
            cost = _Cost()
            with self._metered(cost):
                answer = client.get("/bookstore/", query_string=query)
            assert answer.status_code == 200
            row = self._row(f"a cold {name} page", "requests", 3)
            row.add(size, corpus.requests)
            self._row(f"a cold {name} page: time", "ms").add(size, cost.wall[0])
        for name, seconds in measure_finding(client, services, corpus):
            self._row(f"{name} is found", "s", FOUND).add(size, seconds)
        services.keeper.close()


def _open(url: str, *, rebuild: bool = False) -> Catalogue:
    return open_catalogue(_settings(url), rebuild=rebuild)


def _settings(url: str) -> BookstoreSettings:
    return BookstoreSettings(storage="local", local_root="/", catalogue_url=url)
