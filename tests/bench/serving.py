"""Measuring two running servers: time, CPU, memory, modules."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from bench.figures import Figure, Kind, Target, figure
from bench.notebooks import numbered, save_body
from bench.servers import Pair, Side

SIZES = {"10 KB": 10_000, "1 MB": 1_000_000, "20 MB": 20_000_000}
SAVE_TARGETS = {
    "10 KB": Target(Kind.EXTRA, 2.0),
    "1 MB": Target(Kind.OVER, 0.15),
    "20 MB": Target(Kind.OVER, 0.05),
}
READ_TARGET = Target(Kind.EXTRA, 1.0)
CPU_TARGET = Target(Kind.EXTRA, 2.5)
NO_BOTOCORE = Target(Kind.COUNT, 0)

#: Seconds from a save until its upload has begun.
UPLOADING = 0.03

#: Notebooks that are saved in turn while CPU is measured.
NOTEBOOKS = 5


@dataclass(frozen=True)
class Effort:
    """How many saves of each size and how many starts are measured.

    If `starts` is 0, the start of the servers under test is measured. `opened` is how
    often a notebook is opened in a browser, if there is one; not at all if it is 0.
    """

    small: int
    medium: int
    large: int
    starts: int
    cpu: int
    drained: int
    drains: int
    opened: int

    def of(self, size: str) -> int:
        """Return how many saves of a size are measured."""
        return {"10 KB": self.small, "1 MB": self.medium, "20 MB": self.large}[size]


Times = dict[Side, list[float]]


def measure_serving(pair: Pair, effort: Effort) -> list[Figure]:
    """Measure two fresh servers; figures that need fresh servers come first."""
    figures = [_modules_before(pair), _rss(pair, "RSS after the start")]
    figures.append(_first_upload(pair))
    _warm_up(pair)
    figures.append(_cpu(pair, effort.cpu, paced=True))
    figures.append(_cpu(pair, effort.cpu, paced=False))
    figures.append(_rss(pair, "RSS after saves of 10 KB"))
    for size in SIZES:
        figures += _latencies(pair, size, effort.of(size))
    figures.append(_read_while_uploading(pair, effort.small))
    figures.append(_rss(pair, "RSS after saves of 20 MB"))
    return figures


def _modules_before(pair: Pair) -> Figure:
    counts = [
        float(sum(name.partition(".")[0] == "botocore" for name in side.modules()))
        for side in (pair.plain, pair.ours)
    ]
    name = "modules of botocore before an upload"
    return figure(name, "", counts[:1], counts[1:], target=NO_BOTOCORE)


def _rss(pair: Pair, name: str) -> Figure:
    return figure(name, "MB", [pair.plain.rss], [pair.ours.rss])


def _first_upload(pair: Pair) -> Figure:
    """Measure the CPU of the first save, for which botocore is imported once."""
    body = save_body(SIZES["10 KB"])
    used: Times = {}
    for side in (pair.plain, pair.ours):
        before = side.cpu
        side.save("first.ipynb", body)
        side.settle()
        time.sleep(0.2)
        used[side] = [side.cpu - before]
    return figure(
        "CPU of the first save, once", "ms", used[pair.plain], used[pair.ours]
    )


def _warm_up(pair: Pair) -> None:
    body = save_body(SIZES["10 KB"])
    for turn, side in pair.rounds(5):
        side.save("warm.ipynb", numbered(body, turn))
        side.read("warm.ipynb")
        side.settle()


def _latencies(pair: Pair, size: str, number: int) -> list[Figure]:
    body = save_body(SIZES[size])
    path = f"{size.replace(' ', '-')}.ipynb"
    saves: Times = defaultdict(list)
    looks: Times = defaultdict(list)
    reads: Times = defaultdict(list)
    # The first round creates the file and is not measured.
    for turn, side in pair.rounds(number + 1):
        content = numbered(body, turn)
        pair.ours.settle()
        # Front ends request a notebook's time after a save, without its content.
        save, look, read = side.save(path, content), side.look(path), side.read(path)
        if turn:
            saves[side].append(save)
            looks[side].append(look)
            reads[side].append(read)
    pair.ours.settle()
    return [
        _compare(pair, f"save, {size}", saves, SAVE_TARGETS[size]),
        _compare(pair, f"next GET, {size}", looks, READ_TARGET),
        _compare(pair, f"GET of the content after that, {size}", reads),
    ]


def _compare(
    pair: Pair, name: str, times: Times, target: Target | None = None
) -> Figure:
    return figure(name, "ms", times[pair.plain], times[pair.ours], target=target)


def _read_while_uploading(pair: Pair, number: int) -> Figure:
    body = save_body(SIZES["10 KB"])
    reads: Times = defaultdict(list)
    for turn, side in pair.rounds(number):
        side.save("upload.ipynb", numbered(body, turn))
        time.sleep(UPLOADING)
        reads[side].append(side.read("upload.ipynb"))
        pair.ours.settle()
    return _compare(pair, "GET 30 ms after a save, 10 KB", reads)


def _cpu(pair: Pair, number: int, *, paced: bool) -> Figure:
    """Measure the CPU of saves, including uploads and all other work meanwhile."""
    body = save_body(SIZES["10 KB"])
    settle: Callable[[], None] = pair.ours.settle if paced else lambda: None
    pair.ours.settle()
    before = {side: side.cpu for side in (pair.plain, pair.ours)}
    for turn, side in pair.rounds(number):
        side.save(f"cpu-{turn % NOTEBOOKS}.ipynb", numbered(body, turn))
        settle()
    pair.ours.settle()
    time.sleep(0.1)
    used = {side: [(side.cpu - before[side]) / number] for side in before}
    how = "one by one" if paced else "at a stretch"
    target = CPU_TARGET if paced else None
    return _compare(pair, f"CPU a save, 10 KB, {how}", used, target)
