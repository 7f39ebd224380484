"""`make chaos`: run the cases on both generations and count the saves and versions.

    python -m chaos [--saves N] [--kills N] [--generation modern|classic] [CASE...]

Exits with 1 if an acknowledged save is lost, doubled or out of order, or if a case
fails in another way.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from chaos.cases import CASES
from chaos.world import Outcome, World
from harness.fault_proxy import FaultProxy
from harness.notebook_server import GENERATIONS, Generation
from harness.s3_server import S3Server

COLUMNS = ("case", "server", "saved", "versions", "lost", "double", "disorder")


def run_case(
    name: str, generation: Generation, *, s3: S3Server, saves: int, kills: int
) -> Outcome:
    """Run one case in a world of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as folder,
        FaultProxy(s3.url) as proxy,
    ):
        world = World(Path(folder), s3, proxy, generation)
        try:
            return CASES[name](world, saves, kills)
        except AssertionError as error:
            # Such as saves that never arrive; the other cases still run.
            remark = (str(error) or "an assertion failed").splitlines()[0]
            return replace(world.outcome(name), broken=True, remark=remark)


def row(values: Iterable[object], remark: str = "") -> str:
    """Return a line of the table."""
    widths = (30, 8, 6, 9, 5, 7, 9)
    cells = [
        f"{value!s:<{width}}" if index < 2 else f"{value!s:>{width}}"
        for index, (value, width) in enumerate(zip(values, widths, strict=True))
    ]
    return f"{'  '.join(cells)}  {remark}".rstrip()


def main() -> int:
    """Run the cases that the command line names, all by default."""
    parser = argparse.ArgumentParser(prog="chaos")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--saves", type=int, default=200)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--generation", choices=GENERATIONS)
    words = parser.parse_args()
    unknown = set(words.cases) - set(CASES)
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}")
    s3 = S3Server()
    s3.start()
    print(row(COLUMNS, "remark"))
    bad = 0
    for name in words.cases or CASES:
        for generation in [words.generation] if words.generation else GENERATIONS:
            found = run_case(
                name, generation, s3=s3, saves=words.saves, kills=words.kills
            )
            numbers = (found.acknowledged, found.found, found.lost, found.duplicated)
            print(
                row(
                    (found.case, generation, *numbers, found.out_of_order), found.remark
                ),
                flush=True,
            )
            bad += not found.good
    s3.stop()
    print(f"{bad} bad" if bad else "Nothing lost, nothing doubled, all in order.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
