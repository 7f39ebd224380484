"""Comparing two notebooks: cells, sources, outputs, metadata, and sentences."""

import json
import random
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookstore_core.diff.notebooks import (
    ChangeSummary,
    NotebookDiff,
    diff_notebooks,
    summarise,
)
from bookstore_core.errors import ConfigurationError
from core.notebooks import cell, image, written


def kinds(diff: NotebookDiff) -> list[tuple[str, int | None, int | None]]:
    return [(cell.kind, cell.base_index, cell.remote_index) for cell in diff.cells]


def lines(diff: NotebookDiff, place: int = 0) -> list[tuple[str, str]]:
    source = diff.cells[place].source
    assert source is not None
    return [(line.kind, line.text) for line in source.lines]


def test_equal_notebooks_have_nothing_changed() -> None:
    data = written(cell("a", "1"), cell("b", "2"))
    diff = diff_notebooks(data, data)
    assert diff.summary.sentence == "nothing changed"
    assert [(c.kind, c.count) for c in diff.cells] == [("unchanged", 2)]


def test_a_cell_is_matched_by_its_id_whatever_its_source() -> None:
    base = written(cell("a", "1"), cell("x", "2"))
    remote = written(cell("a", "1"), cell("something quite different", "2"))
    diff = diff_notebooks(base, remote)
    assert kinds(diff) == [("unchanged", 0, 0), ("changed", 1, 1)]
    assert diff.summary.sentence == "1 cell changed"


def test_content_takes_precedence_over_ids_that_only_count() -> None:
    base = written(cell("import a", "0"), cell("work(a)", "1"), cell("end()", "2"))
    remote = written(
        cell("# new", "0"), cell("import a", "1"), cell("work(a)", "2"), cell("end()")
    )
    diff = diff_notebooks(base, remote)
    assert diff.summary == ChangeSummary(added=1)


def test_new_ids_for_the_same_cells_are_no_change() -> None:
    base, remote = written(cell("a", "1"), cell("", "2")), written(cell("a"), cell(""))
    assert diff_notebooks(base, remote).summary.is_empty


def test_cells_without_ids_are_aligned_by_similarity() -> None:
    base = written(cell("x = load('one')\nx.plot()"), cell("y = 2"))
    remote = written(cell("# read"), cell("x = load('two')\nx.plot()"), cell("y = 2"))
    diff = diff_notebooks(base, remote)
    assert kinds(diff) == [
        ("added", None, 0),
        ("changed", 0, 1),
        ("unchanged", 1, 2),
    ]


def test_a_cell_at_another_place_has_moved() -> None:
    names = [f"step_{n}()" for n in range(5)]
    base = written(*map(cell, names))
    remote = written(*map(cell, [*names[1:], names[0]]))
    diff = diff_notebooks(base, remote)
    assert kinds(diff) == [("unchanged", 1, 0), ("moved", 0, 4)]
    assert diff.summary.sentence == "1 cell moved"


def test_unchanged_cells_around_a_moved_cell_are_separate_entries() -> None:
    base = written(cell("a"), cell("b"), cell("c"), cell("d"))
    remote = written(cell("a"), cell("c"), cell("d"), cell("b"))
    diff = diff_notebooks(base, remote)
    told = [(c.kind, c.base_index, c.remote_index, c.count) for c in diff.cells]
    assert told == [
        ("unchanged", 0, 0, 1),
        ("unchanged", 2, 1, 2),
        ("moved", 1, 3, 1),
    ]


def test_a_cell_may_move_and_change() -> None:
    base = written(cell("a = 1", "a"), cell("b", "b"), cell("c", "c"))
    remote = written(cell("b", "b"), cell("c", "c"), cell("a = 2", "a"))
    diff = diff_notebooks(base, remote)
    assert kinds(diff)[-1] == ("moved", 0, 2)
    assert diff.summary.sentence == "1 cell changed, 1 moved"


def test_running_a_notebook_again_is_no_change() -> None:
    timing = {"execution": {"iopub.execute_input": "2024-05-17T09:30:00Z"}}
    result = {"output_type": "execute_result", "metadata": {}, "data": {}}
    base = cell("1", "1", count=1, outputs=[{**result, "execution_count": 1}])
    remote = cell(
        "1", "1", count=7, outputs=[{**result, "execution_count": 7}], metadata=timing
    )
    assert diff_notebooks(written(base), written(remote)).summary.is_empty


def test_sources_as_lists_and_as_text_are_the_same() -> None:
    base, remote = cell(["a\n", "b"], "1"), cell("a\nb\n", "1")
    assert diff_notebooks(written(base), written(remote)).summary.is_empty


def test_changed_lines_show_the_words_that_changed() -> None:
    base = written(cell("import os\ntotal = price * 2\nprint(total)", "1"))
    remote = written(cell("import os\ntotal = cost * 2\nprint(total)", "1"))
    diff = diff_notebooks(base, remote)
    assert lines(diff) == [
        ("unchanged", "import os"),
        ("removed", "total = price * 2"),
        ("added", "total = cost * 2"),
        ("unchanged", "print(total)"),
    ]
    source = diff.cells[0].source
    assert source is not None
    spans = [(span.text, span.changed) for span in source.lines[1].spans]
    assert spans == [("total = ", False), ("price", True), (" * 2", False)]


def test_unchanged_lines_far_from_a_change_are_folded() -> None:
    text = [f"line {n}" for n in range(100)]
    base = written(cell("\n".join(text), "1"))
    text[50] = "another"
    diff = diff_notebooks(base, written(cell("\n".join(text), "1")))
    source = diff.cells[0].source
    assert source is not None
    folded = [
        (line.base_line, line.remote_line, line.count)
        for line in source.lines
        if line.kind == "folded"
    ]
    assert folded == [(1, 1, 47), (55, 55, 46)]
    assert (source.added, source.removed) == (1, 1)


def test_numbers_of_lines_are_right_in_long_texts() -> None:
    text = [f"line {n} of a text that is long" for n in range(20_000)]
    base = written(cell("\n".join(text), "1"))
    text[15_000:15_001] = ["one", "two"]
    source = diff_notebooks(base, written(cell("\n".join(text), "1"))).cells[0].source
    assert source is not None
    numbers = [(ln.kind, ln.base_line, ln.remote_line, ln.count) for ln in source.lines]
    assert numbers == [
        ("folded", 1, 1, 14_997),
        *[("unchanged", n, n, 1) for n in (14_998, 14_999, 15_000)],
        ("removed", 15_001, None, 1),
        ("added", None, 15_001, 1),
        ("added", None, 15_002, 1),
        *[("unchanged", n, n + 1, 1) for n in (15_002, 15_003, 15_004)],
        ("folded", 15_005, 15_006, 4_996),
    ]


def test_outputs_are_described_by_type_size_and_digest() -> None:
    base = written(cell("plot()", "1", outputs=[image("QUJD")]))
    remote = written(cell("plot()", "1", outputs=[image("QUJDQUJD")]))
    diff = diff_notebooks(base, remote)
    assert diff.summary.sentence == "only outputs changed"
    told = diff.cells[0].outputs[0]
    assert told.kind == "changed"
    assert told.base
    assert told.remote
    sizes = [(payload.mime_type, payload.size) for payload in told.remote.payloads]
    assert sizes == [("image/png", 6), ("text/plain", 8)]
    assert told.base.digest != told.remote.digest
    assert "QUJD" not in json.dumps(diff.as_json())


def test_metadata_are_compared_by_key() -> None:
    base = written(cell("1", "1"), kernelspec={"name": "python3", "language": "python"})
    tagged = cell("1", "1", metadata={"tags": ["slow"]})
    remote = written(tagged, kernelspec={"name": "ir", "language": "python"})
    diff = diff_notebooks(base, remote)
    assert diff.summary.sentence == "only metadata changed"
    assert [(key.path, key.kind) for key in diff.metadata] == [
        ("kernelspec/name", "changed")
    ]
    assert [(key.path, key.kind, key.remote) for key in diff.cells[0].metadata] == [
        ("tags", "added", '["slow"]')
    ]


def test_when_papermill_ran_a_notebook_is_no_change() -> None:
    sides = []
    for second in "12":
        ran = {"duration": float(second), "end_time": second, "start_time": second}
        marked = cell("1", "1", metadata={"papermill": {**ran, "status": "completed"}})
        sides.append(written(marked, papermill={**ran, "version": "2.7.0"}))
    assert diff_notebooks(*sides).summary.is_empty


def test_an_attachment_is_content() -> None:
    base = cell("![](a.png)", "1", attachments={"a.png": {"image/png": "QQ=="}})
    remote = {**base, "attachments": {"a.png": {"image/png": "Qg=="}}}
    diff = diff_notebooks(written(base), written(remote))
    assert diff.summary.sentence == "1 cell changed"
    assert diff.cells[0].metadata[0].path == "attachments/a.png/image/png"


def test_another_type_is_a_change() -> None:
    remote = cell("# Title", "1", cell_type="markdown")
    diff = diff_notebooks(written(cell("# Title", "1")), written(remote))
    assert diff.summary.sentence == "1 cell changed"
    assert (diff.cells[0].base_type, diff.cells[0].type) == ("code", "markdown")


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        (ChangeSummary(changed=2, added=1), "2 cells changed, 1 added"),
        (ChangeSummary(added=2, outputs_changed=9), "2 cells added"),
        (ChangeSummary(removed=1, moved=2), "1 cell removed, 2 moved"),
        (ChangeSummary(outputs_changed=3), "only outputs changed"),
        (ChangeSummary(metadata_changed=1), "only metadata changed"),
        (
            ChangeSummary(outputs_changed=1, metadata_changed=1),
            "only outputs and metadata changed",
        ),
        (ChangeSummary(is_text=True), "nothing changed"),
        (
            ChangeSummary(is_text=True, lines_added=1, lines_removed=3),
            "1 line added, 3 removed",
        ),
        (ChangeSummary(), "nothing changed"),
    ],
)
def test_the_sentence_sums_up_the_counts(summary: ChangeSummary, sentence: str) -> None:
    assert summary.sentence == sentence


def test_format_3_is_converted() -> None:
    def v3(*sources: str) -> bytes:
        cells: list[dict[str, Any]] = [
            {"cell_type": "heading", "level": 2, "source": ["Title"], "metadata": {}}
        ]
        cells += [
            {
                "cell_type": "code",
                "input": source.splitlines(keepends=True),
                "language": "python",
                "outputs": [{"output_type": "pyout", "prompt_number": 1, "text": "2"}],
                "metadata": {},
            }
            for source in sources
        ]
        content = {"nbformat": 3, "metadata": {"name": "n"}}
        return json.dumps(content | {"worksheets": [{"cells": cells}]}).encode()

    diff = diff_notebooks(v3("1 + 1", "a = 1\nb = 2"), v3("1 + 1", "a = 1\nb = 3"))
    assert diff.summary.sentence == "1 cell changed"
    newer = written(
        cell("## Title", cell_type="markdown"),
        cell(
            "1 + 1",
            outputs=[
                {
                    "output_type": "execute_result",
                    "data": {"text/plain": "2"},
                    "metadata": {},
                    "execution_count": 9,
                }
            ],
        ),
    )
    assert diff_notebooks(v3("1 + 1"), newer).summary.is_empty


DEEP = b'{"cells": [{"source": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]}"
NESTED: dict[str, Any] = {}
for _ in range(300):
    NESTED = {"a": NESTED}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"cells": {}}',
        b'{"cells": [',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        DEEP,
        b'{"worksheets": [1]}',
        b'{"worksheets": [{"cells": [{"cell_type": "code"}]}]}',
        b'{"worksheets": [{"cells": [{"cell_type": "heading", "level": "x"}]}]}',
    ],
    ids=range(13),
)
def test_what_is_not_a_notebook_is_compared_as_text(data: bytes) -> None:
    for pair in ((data, written(cell("a"))), (written(cell("a")), data)):
        diff = diff_notebooks(*pair)
        assert diff.text is not None
        assert "is not a notebook" in diff.reason
        assert diff.summary == summarise(*pair)
        json.dumps(diff.as_json()).encode()


@pytest.mark.parametrize(
    "cells",
    [
        [None, 1, "text", [], {}],
        [{"cell_type": 7, "source": None, "outputs": 7, "metadata": [], "id": 7}],
        [cell(["a", 1])],
        [cell({"a": 1})],
        [cell("\ud800 lone", "\udfff", metadata={"\ud800": "\ud800"})],
        [cell("nan", metadata={"x": float("nan"), "y": float("inf")})],
        [cell("a", outputs=[None, 7, [], {"output_type": []}, {"data": "x"}])],
        [cell("a", outputs=[{"output_type": "stream", "text": {"a": 1}}])],
        [cell("a", outputs=[{"data": {"text/plain": [1, 2], "x": NESTED}}])],
        [cell("a", metadata=NESTED, attachments=[1])],
        [cell("a", "same"), cell("a", "same"), cell("b", "same")],
        [cell("\x1b[2J\x00\r")],
    ],
    ids=range(12),
)
def test_cells_of_any_shape_can_be_compared(cells: list[Any]) -> None:
    data, plain = written(*cells), written(cell("plain"))
    assert diff_notebooks(data, written(*cells)).summary.is_empty
    for pair in ((data, plain), (plain, data), (data, written(*cells, cell("z")))):
        diff = diff_notebooks(*pair)
        assert diff.text is None
        assert diff.summary == summarise(*pair)
        told = json.dumps(diff.as_json(), ensure_ascii=False).encode()
        assert not any(byte < 0x20 and byte != 0x0A for byte in told)


def test_the_error_names_nbdime_if_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "nbdime.diffing.snakes", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'bookstore-core\[diff"):
        diff_notebooks(
            written(cell("a = 1 + x"), cell("b")), written(cell("a = 1 + y"))
        )


SOURCES = st.sampled_from(["", "a", "b", "x = 1\ny = 2", "x = 1\ny = 3", "z\n" * 9])
CELLS = st.lists(
    st.builds(cell, SOURCES, st.sampled_from(["", "1", "2", "3", "4"])), max_size=9
)


@given(CELLS, CELLS)
@settings(max_examples=400, deadline=None)
def test_every_cell_is_reported_once_and_in_order(
    base: list[dict[str, Any]], remote: list[dict[str, Any]]
) -> None:
    diff = diff_notebooks(written(*base), written(*remote))
    here, there = [], []
    for told in diff.cells:
        for step in range(told.count):
            here += [] if told.base_index is None else [told.base_index + step]
            there += [] if told.remote_index is None else [told.remote_index + step]
    assert sorted(here) == list(range(len(base)))
    assert there == list(range(len(remote)))
    assert summarise(written(*base), written(*remote)) == diff.summary


@given(st.text("ab\n", max_size=60), st.text("ab\n", max_size=60))
@settings(max_examples=300, deadline=None)
def test_a_diff_of_lines_contains_both_texts(base: str, remote: str) -> None:
    text = diff_notebooks(base.encode(), remote.encode()).text
    assert text is not None
    left, right = base.split("\n"), remote.split("\n")
    for line in text.lines:
        if line.kind in ("unchanged", "removed"):
            assert line.base_line is not None
            assert left[line.base_line - 1] == line.text
        if line.kind in ("unchanged", "added"):
            assert line.remote_line is not None
            assert right[line.remote_line - 1] == line.text
    told = sum(ln.count for ln in text.lines if ln.kind in ("unchanged", "folded"))
    assert told + text.removed == (len(left) if base else 0)
    assert told + text.added == (len(right) if remote else 0)


def test_shuffled_notebooks_have_moved_cells_only() -> None:
    order = list(range(60))
    random.Random(1).shuffle(order)  # noqa: S311
    base = written(*[cell(f"step {n}") for n in range(60)])
    summary = summarise(base, written(*[cell(f"step {n}") for n in order]))
    assert summary == ChangeSummary(moved=summary.moved)
    assert 0 < summary.moved < 60
