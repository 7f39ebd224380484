"""Figures: measurements of both servers, and the targets for them."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Spread:
    """Median and 95th percentile of `number` measurements."""

    median: float
    p95: float
    number: int


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of values; there must be at least one."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return Spread(statistics.median(ordered), p95, len(ordered))


class Kind(Enum):
    """How two medians are compared."""

    EXTRA = "extra"  # ours minus plain, in the figure's unit
    OVER = "over"  # ours divided by plain, minus one
    SHARE = "share"  # ours divided by plain
    COUNT = "count"  # ours only


@dataclass(frozen=True)
class Target:
    """A target: the figure is at most `bound`, or at least `bound` for a share."""

    kind: Kind
    bound: float

    @property
    def words(self) -> str:
        sign = ">=" if self.kind is Kind.SHARE else "<="
        if self.kind in (Kind.OVER, Kind.SHARE):
            return f"{sign} {self.bound:.0%}"
        return f"{sign} {self.bound:g}"


@dataclass(frozen=True)
class Figure:
    """A measurement of the plain server and of ours; `plain` may be None."""

    name: str
    unit: str
    plain: Spread | None
    ours: Spread
    target: Target | None = None

    def value(self, kind: Kind) -> float | None:
        """Return how the medians compare; None if they cannot be compared."""
        if kind is Kind.COUNT:
            return self.ours.median
        if self.plain is None:
            return None
        if kind is Kind.EXTRA:
            return self.ours.median - self.plain.median
        if self.plain.median == 0:
            return None
        ratio = self.ours.median / self.plain.median
        return ratio - 1 if kind is Kind.OVER else ratio

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without a target."""
        if self.target is None:
            return None
        value = self.value(self.target.kind)
        assert value is not None
        if self.target.kind is Kind.SHARE:
            return value >= self.target.bound
        return value <= self.target.bound

    def as_json(self) -> dict[str, Any]:
        """Return the figure as it is written to the JSON file."""
        return {
            "name": self.name,
            "unit": self.unit,
            "plain": None if self.plain is None else vars(self.plain),
            "bookstore": vars(self.ours),
            "extra": self.value(Kind.EXTRA),
            "ratio": self.value(Kind.SHARE),
            "target": None if self.target is None else self.target.words,
            "reached": self.reached,
        }


def figure(
    name: str,
    unit: str,
    plain: Sequence[float],
    ours: Sequence[float],
    *,
    target: Target | None = None,
) -> Figure:
    """Return the figure of these measurements; `plain` may be empty."""
    return Figure(name, unit, spread(plain) if plain else None, spread(ours), target)


HEADINGS = ("", "unit", "plain", "p95", "bookstore", "p95", "extra", "ratio", "target")
WIDTHS = (39, 5, 9, 9, 9, 9, 9, 7, 8)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as the lines of a table."""
    lines = [_line(HEADINGS)]
    for found in figures:
        plain = found.plain
        cells = (
            found.name,
            found.unit,
            _number(plain and plain.median),
            _number(plain and plain.p95),
            _number(found.ours.median),
            _number(found.ours.p95),
            _number(found.value(Kind.EXTRA)),
            _number(found.value(Kind.SHARE)),
            found.target.words if found.target else "",
        )
        mark = {None: "", True: "  reached", False: "  MISSED"}[found.reached]
        lines.append(_line(cells) + mark)
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    name, unit, *rest = zip(cells, WIDTHS, strict=True)
    left = f"{name[0]:<{name[1]}} {unit[0]:<{unit[1]}}"
    return " ".join([left, *(f"{cell:>{width}}" for cell, width in rest)])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
