"""The cells of two notebooks compared one by one, in order."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, TypeVar

from bookstore_core.cells import Cell, preview, shown
from bookstore_core.diff.alignment import Alignment, align
from bookstore_core.diff.lines import Detail, diff_texts
from bookstore_core.diff.metadata import KeyChange, diff_metadata
from bookstore_core.diff.outputs import (
    OutputDiff,
    diff_output_texts,
    diff_outputs,
    outputs_differ,
    outputs_of,
)
from bookstore_core.diff.report import CellDiff, Kind
from bookstore_core.diff.summary import ChangeSummary
from bookstore_core.diff.text import TextDiff

#: Entries of a comparison; consecutive unchanged cells are one entry.
MAX_CELLS = 2000

ATTACHMENTS = "attachments"

Item = TypeVar("Item")


class PlacedCell(NamedTuple):
    """A cell of one or both notebooks; a moved cell is where the remote has it."""

    base: Cell | None
    remote: Cell | None
    is_moved: bool = False


class Comparison:
    """A comparison in progress; `cells` and `counts` are what it has found."""

    def __init__(self, base: list[Cell], remote: list[Cell], detail: Detail) -> None:
        self.cells: list[CellDiff] = []
        self.omitted = 0
        self.counts: Counter[str] = Counter()
        self._base, self._remote = base, remote
        self._detail = detail
        #: Consecutive unchanged cells that are not in `cells` yet.
        self._unchanged: list[PlacedCell] = []

    def run(self) -> None:
        """Align the cells and compare those that are the same."""
        aligned = align(self._base, self._remote, budget=self._detail.budget)
        for place in in_order(self._base, self._remote, aligned):
            if place.base is None or place.remote is None:
                self._add_single(place)
            else:
                self._add_pair(place, place.base, place.remote)
        self._record_unchanged()

    @property
    def summary(self) -> ChangeSummary:
        """The counts of the changes that were found."""
        counts = self.counts
        return ChangeSummary(
            added=counts["added"],
            removed=counts["removed"],
            changed=counts["changed"],
            moved=counts["moved"],
            outputs_changed=counts["outputs_changed"],
            metadata_changed=counts["metadata_changed"],
        )

    def _add_pair(self, place: PlacedCell, base: Cell, remote: Cell) -> None:
        metadata = _diff_metadata(base, remote)
        attachments = [change for change in metadata if _is_attachment(change)]
        source_changed = base.key != remote.key
        outputs_changed = outputs_differ(base.raw, remote.raw)
        self.counts["moved"] += place.is_moved
        self.counts["changed"] += source_changed or bool(attachments)
        self.counts["outputs_changed"] += outputs_changed
        self.counts["metadata_changed"] += len(metadata) > len(attachments)
        if source_changed or outputs_changed or metadata or place.is_moved:
            self._record(
                "moved" if place.is_moved else "changed",
                place,
                metadata=metadata,
                source_changed=source_changed,
                outputs_changed=outputs_changed,
            )
        else:
            self._add_unchanged(base, place)

    def _add_unchanged(self, base: Cell, place: PlacedCell) -> None:
        last = self._unchanged[-1].base if self._unchanged else None
        if last is not None and base.position != last.position + 1:
            self._record_unchanged()  # a cell between the two has moved
        self._unchanged.append(place)

    def _add_single(self, place: PlacedCell) -> None:
        kind: Kind = "added" if place.base is None else "removed"
        self.counts[kind] += 1
        self._record(kind, place, source_changed=True, outputs_changed=True)

    def _record(
        self,
        kind: Kind,
        place: PlacedCell,
        *,
        source_changed: bool,
        outputs_changed: bool,
        metadata: tuple[KeyChange, ...] = (),
    ) -> None:
        """Record a cell that changed, or count it as omitted if there is no room."""
        self._record_unchanged()
        if len(self.cells) >= MAX_CELLS:
            self.omitted += 1
        elif self._detail.is_wanted:
            source = self._diff_sources(place) if source_changed else None
            is_single = place.base is None or place.remote is None
            outputs: tuple[OutputDiff, ...] = ()
            if outputs_changed:
                outputs = self._diff_outputs(place, with_texts=not is_single)
            self.cells.append(
                replace(
                    _cell_diff(kind, place),
                    source_changed=source_changed and not is_single,
                    outputs_changed=outputs_changed and not is_single,
                    source=source,
                    outputs=outputs,
                    metadata=self._affordable(metadata),
                )
            )

    def _diff_outputs(
        self, place: PlacedCell, *, with_texts: bool
    ) -> tuple[OutputDiff, ...]:
        base = outputs_of(place.base.raw) if place.base else []
        remote = outputs_of(place.remote.raw) if place.remote else []
        found = self._affordable(diff_outputs(base, remote))
        if not with_texts:
            return found
        detail = self._detail
        return tuple(
            diff_output_texts(one, base, remote, detail=detail) for one in found
        )

    def _affordable(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(item for item in items if self._detail.take())

    def _record_unchanged(self) -> None:
        run, self._unchanged = self._unchanged, []
        if run and len(self.cells) >= MAX_CELLS:
            self.omitted += len(run)
        elif run:
            self.cells.append(_cell_diff("unchanged", run[0], count=len(run)))

    def _diff_sources(self, place: PlacedCell) -> TextDiff:
        base = place.base.source if place.base else ""
        remote = place.remote.source if place.remote else ""
        return diff_texts(base, remote, detail=self._detail)


def in_order(
    base: list[Cell], remote: list[Cell], aligned: Alignment
) -> Iterator[PlacedCell]:
    """Yield the cells in the order of the remote, and removed cells where they were."""
    in_place = {pair.remote: pair.base for pair in aligned.in_place}
    moved = {pair.remote: pair.base for pair in aligned.moved}
    elsewhere = set(moved.values())
    next_base = 0

    def removed(end: int) -> Iterator[PlacedCell]:
        for cell in base[next_base:end]:
            if cell.position not in elsewhere:
                yield PlacedCell(cell, None)

    for cell in remote:
        if cell.position in in_place:
            partner = in_place[cell.position]
            yield from removed(partner)
            yield PlacedCell(base[partner], cell)
            next_base = partner + 1
        elif cell.position in moved:
            yield PlacedCell(base[moved[cell.position]], cell, is_moved=True)
        else:
            yield PlacedCell(None, cell)
    yield from removed(len(base))


def _cell_diff(kind: Kind, place: PlacedCell, *, count: int = 1) -> CellDiff:
    base, remote = place.base, place.remote
    cell = remote or base
    assert cell is not None
    is_other_type = base is not None and base.type != cell.type
    return CellDiff(
        kind,
        base.position if base else None,
        remote.position if remote else None,
        shown(cell.type[:100]),
        preview(cell.source),
        count=count,
        base_type=shown(base.type[:100]) if base and is_other_type else "",
    )


def _diff_metadata(base: Cell, remote: Cell) -> tuple[KeyChange, ...]:
    changes = diff_metadata(base.raw.get("metadata"), remote.raw.get("metadata"))
    attached = [base.raw.get(ATTACHMENTS), remote.raw.get(ATTACHMENTS)]
    if attached[0] == attached[1]:
        return changes
    left, right = ({ATTACHMENTS: value or {}} for value in attached)
    return changes + diff_metadata(left, right)


def _is_attachment(change: KeyChange) -> bool:
    return change.path.partition("/")[0] == ATTACHMENTS
