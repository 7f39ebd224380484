"""`make bench`: measure what bookstore adds to a notebook server, and print it.

    python -m bench [--generation modern|classic|both]
        [--part pair|sizes|both|search|service] [--saves N] [--notebooks N ...]
        [--quick] [--json F] [--plot F]

A plain server and one with bookstore run at the same time and get requests in turn: the
pair. The other part shows what work costs as histories, folders and spools grow, and
`--plot` draws it. What searches cost is a part of its own, because a catalogue of
300,000 notebooks takes a quarter of an hour to make; so is the service, with 16 and 64
clients at once.
Exits with 0 if it could measure: a missed target is shown, and is not a failure.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.draining import measure_drains
from bench.figures import Figure, table
from bench.opening import measure_opening
from bench.searching.measuring import SIZES, measure_searching
from bench.servers import Pair, running
from bench.service import LITTLE, Load, measure_service, service_table
from bench.serving import Effort, measure_serving
from bench.sizes.growth import Growth, draw, growth_table
from bench.sizes.measuring import FEW, Sizes, measure_sizes
from bench.starting import compare_starts, measure_starts
from harness.browsing import CHROMIUM
from harness.ministack import ministack
from harness.notebook_server import ENVIRONMENTS, GENERATIONS, Generation
from harness.s3_server import make_bucket, s3_client, s3_traits

#: What is measured: both are the first two.
PARTS = ("pair", "sizes", "both", "search", "service")
QUICK = Effort(
    small=4, medium=2, large=1, starts=0, cpu=4, drained=40, drains=1, opened=0
)


def effort_of(saves: int) -> Effort:
    """Return how much is measured for this number of saves of 10 KB."""
    return Effort(
        small=saves,
        medium=max(saves // 4, 2),
        large=max(saves // 20, 2),
        starts=max(saves // 12, 2),
        cpu=saves,
        drained=saves * 5,
        drains=4,
        opened=max(saves * 15 // 100, 2),
    )


def measure(generation: Generation, folder: Path, effort: Effort) -> list[Figure]:
    """Measure one generation, with a store of its own."""
    folder.mkdir()
    bucket = "bench"
    with ExitStack() as stack:
        url = stack.enter_context(ministack(folder / "store"))
        make_bucket(s3_client(url), bucket)

        def make_pair(turn: int) -> Pair:
            return Pair(generation, folder / f"start-{turn}", url, bucket)

        started = measure_starts(make_pair, effort.starts) if effort.starts else []
        pair = Pair(generation, folder / "pair", url, bucket)
        with running(pair):
            figures = measure_serving(pair, effort)
        figures.insert(0, compare_starts(started or [pair]))
        if generation == "modern" and CHROMIUM is not None and effort.opened:
            figures.insert(1, measure_opening(folder / "opening", effort.opened))
        figures.append(
            measure_drains(
                ENVIRONMENTS[generation] / "bin" / "python",
                folder / "drains",
                s3_traits(url, bucket),
                saves=effort.drained,
                rounds=effort.drains,
            )
        )
    return figures


def machine() -> dict[str, Any]:
    """Return a description of the machine, on which the figures depend."""
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "store": "ministack over HTTP, a process of its own on the same cores",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line selects."""
    words = _parser().parse_args(arguments)
    chosen = GENERATIONS if words.generation == "both" else (words.generation,)
    found: dict[str, Any] = {"machine": machine(), "generations": {}, "sizes": []}
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. Both servers, the "
        "store and the client share them,\nso that an upload slows everything else."
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if words.part in ("pair", "both"):
            effort = QUICK if words.quick else effort_of(max(words.saves, 1))
            found["generations"] = _pairs(chosen, Path(folder), effort)
        if words.part == "search":
            counts = [20] if words.quick else words.notebooks
            for grown in measure_searching(Path(folder) / "search", counts):
                print(growth_table(grown), flush=True)
                found["sizes"] += [growth.as_json() for growth in grown]
        if words.part == "service":
            load = LITTLE if words.quick else Load()
            measured = list(measure_service(Path(folder) / "service", load))
            print(service_table(measured))
            found["service"] = [asdict(one) for one in measured]
        if words.part in ("sizes", "both"):
            sizes = FEW if words.quick else Sizes()
            grown = _sizes(chosen, Path(folder) / "sizes", sizes)
            found["sizes"] = [growth.as_json() for growth in grown]
            if words.plot is not None:
                draw(grown, words.plot)
    if words.json is not None:
        words.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--generation", choices=(*GENERATIONS, "both"), default="both")
    parser.add_argument("--part", choices=PARTS, default="both")
    parser.add_argument("--saves", type=int, default=100, help="saves of 10 KB")
    parser.add_argument(
        "--notebooks",
        type=int,
        nargs="+",
        default=SIZES,
        metavar="N",
        help="sizes of the catalogue, growing",
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="an SVG file")
    return parser


def _pairs(
    generations: Sequence[Generation], folder: Path, effort: Effort
) -> dict[str, Any]:
    """Measure pairs of servers and print the tables; return them for JSON."""
    found = {}
    for generation in generations:
        before = time.monotonic()
        figures = measure(generation, folder / generation, effort)
        print(f"\n{generation}, {time.monotonic() - before:.0f} s")
        print(table(figures), flush=True)
        found[generation] = [figure.as_json() for figure in figures]
    return found


def _sizes(
    generations: Sequence[Generation], folder: Path, sizes: Sizes
) -> list[Growth]:
    """Measure at growing sizes, and print each part as soon as it is measured."""
    print("\nAt growing sizes")
    grown: list[Growth] = []
    for found in measure_sizes(generations, folder, sizes):
        print(growth_table(found), flush=True)
        grown += found
    return grown


if __name__ == "__main__":
    sys.exit(main())
