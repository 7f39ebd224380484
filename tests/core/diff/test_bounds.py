"""Comparing stays bounded: the work is counted, not timed."""

import json
import random
from collections.abc import Callable

import pytest

from bookstore_core.cells import MOST_CELLS
from bookstore_core.diff.lines import Detail
from bookstore_core.diff.notebooks import NotebookDiff, compare
from core.notebooks import cell, image, written


def counted(base: bytes, remote: bytes) -> tuple[NotebookDiff, int]:
    """Compare, and return how many steps it took."""
    detail = Detail()
    return compare(base, remote, detail=detail), detail.budget.spent


def shown(diff: NotebookDiff) -> int:
    texts = [cell.source for cell in diff.cells if cell.source] + [diff.text]
    return sum(len(text.lines) for text in texts if text)


def words(number: int) -> str:
    pick = random.Random(number)  # noqa: S311
    return " ".join(f"w{pick.randrange(1000)}" for _ in range(40))


def lines_from(first: int) -> str:
    return "\n".join(words(number) for number in range(first, first + 9000))


def test_images_cost_nothing() -> None:
    small = [cell(f"plot({n})", outputs=[image(f"{n}")]) for n in range(20)]
    large = [cell(f"plot({n})", outputs=[image(f"{n}" * 10**5)]) for n in range(20)]
    other = [cell(f"plot({n}, 1)", outputs=[image("x" * 10**5)]) for n in range(20)]
    _, few = counted(written(*small), written(*other))
    diff, many = counted(written(*large), written(*other))
    assert many == few
    assert diff.summary.changed == 20


def test_only_gaps_between_equal_cells_are_aligned_by_nbdime() -> None:
    base = [cell(words(n)) for n in range(3000)]
    remote = [*base[:1500], cell(words(1500) + " more"), *base[1501:]]
    diff, steps = counted(written(*base), written(*remote))
    assert diff.summary.sentence == "1 cell changed"
    assert steps < 1000


def test_cells_with_ids_need_no_alignment_at_all() -> None:
    base = [cell(words(n), f"{n}") for n in range(3000)]
    remote = [cell("quite different", f"{n}") for n in range(3000)]
    diff, _ = counted(written(*base), written(*remote))
    assert diff.summary.changed == 3000
    assert diff.cells_omitted == 1000


def test_a_gap_of_thousands_is_aligned_by_the_lines_that_cells_share() -> None:
    base = [f"{words(n)}\n{words(n + 5000)}" for n in range(2000)]
    remote = [source + "\nmore" for source in base]
    diff, steps = counted(written(*map(cell, base)), written(*map(cell, remote)))
    assert diff.summary.sentence == "2000 cells changed"
    assert steps < 1_000_000


@pytest.mark.parametrize(
    ("base", "remote"),
    [
        (words, lambda n: words(n + 10**6)),
        (lambda n: "ab"[n % 2], lambda n: "ab"[n // 3 % 2]),
        (lambda n: "a", lambda n: "b"),
        (lambda n: "", lambda n: " "),
    ],
    ids=["all different", "periodic", "all equal", "empty"],
)
def test_hostile_notebooks_stay_within_the_budget(
    base: Callable[[int], str], remote: Callable[[int], str]
) -> None:
    left = [cell(base(n)) for n in range(20_000)]
    right = [cell(remote(n)) for n in range(20_000)]
    diff, steps = counted(written(*left), written(*right))
    assert steps <= Detail().budget.steps
    assert len(diff.cells) <= 2001
    assert shown(diff) <= Detail().lines


@pytest.mark.parametrize(
    "make",
    [
        lambda: (lines_from(0), lines_from(9000)),
        lambda: ("a\nb\n" * 50_000, "b\na\na\n" * 30_000),
        lambda: ("a\n" * 10**6, "b\n" * 10**6),
        lambda: ("x" * 10**6, "y" * 10**6),
        lambda: ("\n" * 10**6 + "a", "\n" * 10**6 + "b"),
    ],
    ids=["all different", "periodic", "many lines", "one line", "equal lines"],
)
def test_hostile_sources_stay_within_the_budget(
    make: Callable[[], tuple[str, str]],
) -> None:
    base, remote = make()
    diff, steps = counted(written(cell(base, "1")), written(cell(remote, "1")))
    assert steps <= Detail().budget.steps
    assert shown(diff) <= 1002
    assert diff.summary.sentence == "1 cell changed"
    text = diff.cells[0].source
    assert text is not None
    assert all(len(line.text) <= 1000 for line in text.lines)


def test_the_result_is_bounded_whatever_the_cells_contain() -> None:
    def wild(number: int) -> dict[str, object]:
        output = {
            "output_type": "x" * 1000,
            "data": {f"m{n}": number for n in range(99)},
        }
        metadata = {f"key {n}": f"{number} {n}" for n in range(300)}
        source = " ".join(f"{n} {number}" for n in range(60))
        lines = "\n".join([source] * 30)
        return cell(lines, f"{number}", outputs=[output] * 99, metadata=metadata)

    base = [wild(n) for n in range(100)]
    remote = [wild(n + 100) | {"id": cell["id"]} for n, cell in enumerate(base)]
    diff, _ = counted(written(*base), written(*remote))
    assert diff.summary.changed == 100
    assert len(json.dumps(diff.as_json())) < 8_000_000


def test_too_many_cells_are_compared_as_text() -> None:
    def many(version: int, cells: int) -> bytes:
        head = b'{"nbformat": %d, "nbformat_minor": 4, "metadata": {}, ' % version
        some = b",".join([b'{"cell_type": "raw", "source": ""}'] * cells)
        if version == 3:
            return head + b'"worksheets": [{"cells": [%s]}]}' % some
        return head + b'"cells": [%s]}' % some

    for version in (3, 4):
        diff, _ = counted(many(version, MOST_CELLS + 1), many(version, MOST_CELLS + 2))
        assert diff.text is not None
        assert diff.cells == ()
