"""What differs between two versions of a notebook, for pages, programs and terminals.

`diff_notebooks` compares bytes, whatever they contain: if one side is not a notebook,
both are compared as text. Cells are read leniently, so that an invalid notebook can be
compared too. The work and the size of the result are bounded.

Two cells are the same cell if their contents are equal, else if their ids are equal,
else if nbdime finds them similar. When a cell was run (execution counts, times) is not
compared.
"""

from bookstore_core.cells import parse_leniently, read_cells
from bookstore_core.diff.cells import Comparison
from bookstore_core.diff.gc_pause import collector_paused
from bookstore_core.diff.lines import Detail, diff_texts
from bookstore_core.diff.metadata import diff_metadata
from bookstore_core.diff.report import CellDiff, NotebookDiff
from bookstore_core.diff.summary import ChangeSummary
from bookstore_core.errors import InvalidNotebookError
from bookstore_core.notebooks import Notebook

__all__ = [
    "CellDiff",
    "ChangeSummary",
    "NotebookDiff",
    "diff_notebooks",
    "summarise",
]


def diff_notebooks(base: bytes, remote: bytes) -> NotebookDiff:
    """Compare two notebooks, given as the bytes of their files, whatever they contain.

    Raises ConfigurationError if nbdime is needed and not installed.
    """
    return compare(base, remote, detail=Detail())


def summarise(base: bytes, remote: bytes) -> ChangeSummary:
    """Return the summary that `diff_notebooks` would return, with less work.

    Raises ConfigurationError if nbdime is needed and not installed.
    """
    if base == remote:
        return ChangeSummary()
    return compare(base, remote, detail=Detail(is_wanted=False)).summary


def compare(base: bytes, remote: bytes, *, detail: Detail) -> NotebookDiff:
    """Compare two notebooks within the limits of `detail`, which counts the work."""
    with collector_paused():
        return _compare(base, remote, detail=detail)


def _compare(base: bytes, remote: bytes, *, detail: Detail) -> NotebookDiff:
    contents: list[Notebook] = []
    for name, data in (("older", base), ("newer", remote)):
        try:
            contents.append(parse_leniently(data))
        except InvalidNotebookError as error:
            reason = f"The {name} version is not a notebook: {error}."
            return _compare_as_text(base, remote, reason, detail=detail)
    try:
        return _compare_notebooks(*contents, detail=detail)
    except RecursionError:
        reason = "The notebooks are nested too deeply to be compared cell by cell."
        return _compare_as_text(base, remote, reason, detail=detail)


def _compare_notebooks(
    base: Notebook, remote: Notebook, *, detail: Detail
) -> NotebookDiff:
    comparison = Comparison(read_cells(base), read_cells(remote), detail)
    comparison.run()
    metadata = diff_metadata(_own_metadata(base), _own_metadata(remote))
    if metadata:
        comparison.counts["metadata_changed"] += 1
    return NotebookDiff(
        comparison.summary,
        tuple(comparison.cells),
        comparison.omitted,
        metadata,
    )


def _own_metadata(notebook: Notebook) -> object:
    metadata = notebook.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _compare_as_text(
    base: bytes, remote: bytes, reason: str, *, detail: Detail
) -> NotebookDiff:
    left, right = base.decode("utf-8", "replace"), remote.decode("utf-8", "replace")
    text = diff_texts(left, right, detail=detail)
    summary = ChangeSummary(
        is_text=True, lines_added=text.added, lines_removed=text.removed
    )
    return NotebookDiff(summary, text=text, reason=reason)
