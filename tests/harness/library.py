"""A store with the versions of days of work: bursts of saves, labels, renames."""

import hashlib
import io
import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from bookstore_core.history import WORKSPACE, Shelf
from bookstore_core.moved_notes import note_key, write_note
from bookstore_core.runs.markers import record_run, run_path, shelf_of
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, VersionMetadata, new_save_id, utc_now
from bookstore_core.stores.local.store import LocalStore

OLD = "drafts/report.ipynb"
REPORT = "reports/2026/Quarterly report.ipynb"
LONG = (
    "experiments/clustering of customers, with a very long name that goes on and on, "
    "for the meeting of the board in November (final, really).ipynb"
)
FOREIGN = ("数据分析/销售报告.ipynb", "Übung 3, Lösung.ipynb", "تحليل البيانات.ipynb")
DELETED = "thrown away.ipynb"
PUBLISHED_PATH = "guides/Getting started.ipynb"
SAID = "before the board meeting"
WHY = "Numbers as agreed with Jürgen; the plots still have their old colours."

#: A very small PNG image.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)
LINES = (
    "import pandas as pd",
    "sales = pd.read_csv('sales.csv', parse_dates=['day'])",
    "by_region = sales.groupby('region').sum()",
    "ax = by_region.plot(kind='bar', title='Sales by region')",
    "total = sum(value for value in by_region.amount if value > 0)",
    "print(f'Total: {total:,.2f}')",
)


def report(number: int) -> dict[str, Any]:
    """Return a notebook that differs a little from that of `number - 1`."""
    cells = [_markdown("intro", "# Quarterly report\n\nSales by *region*.")]
    for place in range(3 + number % 6):
        lines = [LINES[(place + step) % len(LINES)] for step in range(4)]
        if (place + number) % 4 == 0:
            lines[1] += f"  # as of step {number}"
        cells.append(_code(f"cell-{place}", "\n".join(lines), number=number))
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def plotted(colour: str) -> dict[str, Any]:
    """Return a notebook with a plot in this colour, and its legend as text."""
    drawn = f"""<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200">
        <circle cx="160" cy="100" r="80" fill="{colour}"/></svg>"""
    image = {
        "output_type": "display_data",
        "data": {"image/svg+xml": drawn, "text/plain": "<Figure>"},
        "metadata": {},
    }
    printed = {"output_type": "stream", "name": "stdout", "text": f"{colour}\n"}
    cell = _code("plot", "draw()", number=1)
    cells = [_markdown("intro", "# A plot"), {**cell, "outputs": [printed, image]}]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def _markdown(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _code(name: str, source: str, *, number: int) -> dict[str, Any]:
    printed = {"output_type": "stream", "name": "stdout", "text": f"Total: {number}\n"}
    image = {
        "output_type": "display_data",
        "data": {"image/png": PIXEL, "text/plain": "<Figure>"},
        "metadata": {},
    }
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "outputs": [printed, image] if name == "cell-2" else [],
        "execution_count": number,
    }


class Library:
    """A local store in `root`, into which notebooks are saved at any given time."""

    def __init__(self, root: Path) -> None:
        self.settings = BookstoreSettings(storage="local", local_root=str(root))
        self._now = utc_now()
        self.store = LocalStore(self.settings, now=lambda: self._now)
        self.store.prepare()
        self._count = 0

    @property
    def now(self) -> datetime:
        """The time of the last save."""
        return self._now

    def save(
        self,
        path: str,
        at: datetime,
        *,
        shelf: Shelf = WORKSPACE,
        content: Any = None,
        author: str = "ann",
        **more: Any,
    ) -> Version:
        """Save a notebook: the next one of `report`, if no content is given."""
        self._count += 1
        value = report(self._count) if content is None else content
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self._now = at  # must be later than the one before: ids of a key only grow
        metadata = VersionMetadata(
            save_id=new_save_id(),
            saved_at=at,
            author=author,
            sha256=hashlib.sha256(data).hexdigest(),
            source_path=path,
            **more,
        )
        return self.store.put(
            shelf.key(self.settings, path),
            io.BytesIO(data),
            size=len(data),
            metadata=metadata,
        )

    def run(
        self,
        source: Version,
        at: datetime,
        *,
        to: str = "",
        content: Any = None,
        **more: Any,
    ) -> Version:
        """Save a run of a version, and its marker; `more` are fields of `Run`."""
        path = to or run_path(shelf_of(self.settings, source.key)[1])
        known = {"of": source.key, "version": source.version_id, "seconds": 12.3}
        run = Run(**{**known, "started": at, **more})
        version = self.save(path, at, content=content, run=run)
        assert record_run(self.store, self.settings, version)
        return version

    def burst(self, path: str, at: datetime, count: int, author: str = "ann") -> None:
        """Save `count` times, 130 seconds apart."""
        for number in range(count):
            self.save(path, at + number * timedelta(seconds=130), author=author)

    def note_move(self, old: str, new: str, at: datetime) -> None:
        """Record that a notebook has left a path."""
        note = note_key(WORKSPACE.key(self.settings, old))
        data = write_note(new)
        metadata = VersionMetadata(save_id=new_save_id(), saved_at=at)
        self._now = at
        self.store.put(note, io.BytesIO(data), size=len(data), metadata=metadata)

    def label(self, path: str, version: Version, name: str, comment: str = "") -> None:
        """Label a version."""
        label = Label(name, comment, author="ann")
        key = WORKSPACE.key(self.settings, path)
        self.store.set_label(key, version.version_id, label)

    def fill(self) -> None:
        """Save the results of ten days: 81 versions of one notebook, and others."""
        for hour in (8, 9, 10):
            self.save(OLD, day(9, hour))
        self.save(REPORT, day(6, 10), moved_from=OLD)
        self.note_move(OLD, REPORT, day(6, 10))
        for ago in (5, 4, 2, 1):
            self.burst(REPORT, day(ago, 9), 6)
            self.label(REPORT, self.save(REPORT, day(ago, 11)), f"v{6 - ago}")
            self.burst(REPORT, day(ago, 14), 12, author="Jürgen Großmann")
        named = self.save(REPORT, day(1, 16))
        self.label(REPORT, named, SAID, WHY)
        self.save(REPORT, day(1, 17), restored_from=named.version_id)
        for ago, path in enumerate((DELETED, LONG, *FOREIGN, "welcome.ipynb"), 1):
            self.save(path, day(ago, 12))
            self.save(path, day(ago, 13))
        published = Shelf("published")
        for path in (PUBLISHED_PATH, "reports/Q3.ipynb"):
            self.save(path, day(3, 9), shelf=published, author="Jürgen Großmann")


def day(ago: int, hour: int) -> datetime:
    """Return an hour, in UTC, of the day `ago` days before today."""
    date = utc_now().date() - timedelta(days=ago)
    return datetime.combine(date, time(hour), tzinfo=UTC)
