"""Measurements at growing sizes, the table of them, and the picture."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Growth:
    """What some work costs at growing sizes; the target is about the largest.

    `of` says what the sizes count. `reach` is the most that the work may cost, or the
    least if it is a rate (`at_least`).
    """

    work: str
    unit: str
    of: str
    reach: float | None = None
    at_least: bool = False
    points: list[tuple[int, float]] = field(default_factory=list)

    def add(self, size: int, value: float) -> None:
        """Add a measurement; sizes grow."""
        self.points.append((size, value))

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without a target."""
        if self.reach is None:
            return None
        last = self.points[-1][1]
        return last >= self.reach if self.at_least else last <= self.reach

    def as_json(self) -> dict[str, Any]:
        """Return it as it is written to the JSON file."""
        return {**vars(self), "reached": self.reached}


class Meter:
    """Seconds of a block, and of CPU of this process in it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu = 0.0


@contextmanager
def metered() -> Iterator[Meter]:
    """Measure a block; the meter is filled at its end."""
    meter, wall, cpu = Meter(), time.perf_counter(), time.process_time()
    yield meter
    meter.seconds = time.perf_counter() - wall
    meter.cpu = time.process_time() - cpu


def cpu_of(act: Callable[[], Any], *, times: int) -> float:
    """Return the milliseconds of CPU of this process for one call, of `times` calls."""
    with metered() as meter:
        for _ in range(times):
            act()
    return 1000 * meter.cpu / times


def steps_to(size: int) -> list[int]:
    """Return a hundredth of a size, a tenth of it, and the size."""
    return sorted({max(size // 100, 1), max(size // 10, 1), size})


def growth_table(found: Sequence[Growth]) -> str:
    """Return the measurements as the lines of a table."""
    lines = []
    for growth in found:
        values = "  ".join(_point(growth, *point) for point in growth.points)
        lines.append(f"{growth.work:<47} {values}{_target(growth)}")
    return "\n".join(lines)


def _point(growth: Growth, size: int, value: float) -> str:
    known = f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.2g}"
    at = f" at {size:,}" if len(growth.points) > 1 else f" ({size:,} {growth.of})"
    return f"{known} {growth.unit}{at if growth.of else ''}".replace("  ", " ")


def _target(growth: Growth) -> str:
    if growth.reach is None:
        return ""
    sign = ">=" if growth.at_least else "<="
    return f"  [{sign} {growth.reach:g}: {'reached' if growth.reached else 'MISSED'}]"


def draw(found: Sequence[Growth], file: Path) -> None:
    """Draw what was measured at several sizes as small charts, an SVG file."""
    from matplotlib import pyplot

    curves = [growth for growth in found if len(growth.points) > 1]
    columns = 3
    rows = -(-len(curves) // columns)
    pyplot.rcParams.update(
        {"font.size": 8, "svg.hashsalt": "bookstore", "svg.fonttype": "none"}
    )
    figure, grid = pyplot.subplots(rows, columns, figsize=(10, 2.3 * rows))
    for axes in list(grid.flat)[len(curves) :]:
        axes.set_visible(False)
    for axes, growth in zip(grid.flat, curves, strict=False):
        sizes, values = zip(*growth.points, strict=True)
        axes.plot(sizes, values, marker="o", color="#1f6feb")
        if growth.reach is not None:
            axes.axhline(growth.reach, color="#888888", linestyle="--", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_ylim(0, 1.25 * max(*values, growth.reach or 0))
        axes.set_title(growth.work, fontsize=8)
        axes.set_xlabel(growth.of)
        axes.set_ylabel(growth.unit or "requests")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
