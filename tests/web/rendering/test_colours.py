"""Colours for code: which lexers are used, and that they end."""

import json
import time
from typing import Any

import pytest
from pygments.lexers import TextLexer, get_all_lexers

from bookstore_web.rendering.colours import (
    MAX_CODE,
    TESTED,
    NotebookPythonLexer,
    Painter,
    lexer_of,
)
from bookstore_web.rendering.document import prepare, render

#: Seconds between two tokens, with room for a busy machine.
LONGEST = 3.0


def shown(source: str, kind: str = "code", **language: Any) -> str:
    cell = {"cell_type": kind, "source": source, "metadata": {}, "outputs": []}
    content = {"nbformat": 4, "metadata": {"language_info": language}, "cells": [cell]}
    page = render(prepare(json.dumps(content).encode()))
    return page[page.index("<main>") :]


@pytest.mark.parametrize("name", ["", "python", "ipython3", "Python3", "py"])
def test_python_is_coloured_with_its_magics(name: str) -> None:
    assert isinstance(lexer_of(name), NotebookPythonLexer)
    page = shown("%%time\n!ls <b>\nimport os\n5 % 2", pygments_lexer=name)
    assert '<span class="kn">import</span>' in page
    assert '<span class="o">%%</span>time' in page
    assert '<span class="o">!</span>ls &lt;b&gt;' in page
    assert 'class="err"' not in page


def test_a_cell_that_another_version_had_is_not_coloured_again() -> None:
    first, second = Painter(5.0), Painter(5.0)
    code = "import os  # in two versions"
    coloured = first.paint(code, "")
    assert first.left < 5.0
    assert second.paint(code, "") is coloured
    assert second.left == 5.0


def test_only_lexers_that_were_tested_are_used() -> None:
    names = [names[0] for _, names, *_ in get_all_lexers() if names]
    used = {name for name in names if not isinstance(lexer_of(name), TextLexer)}
    assert used - {"python", "ipython"} == TESTED


#: Texts that are slow for some lexer, found by trying thousands.
SLOW = [
    *("<<", "a", ""),
    *("", "a?", ""),
    *("a", " ", ""),
    *("", "a\n", ""),
    *("${", "a", ""),
    *("", "\\'", ""),
    *("", "&", ""),
    *("'", "a", ""),
    *("#{", ":---", "function "),
    *("%%bash\n<<", "a", ""),
    *("!<<", "a", ""),
]


@pytest.mark.parametrize("name", sorted({*TESTED, "python"}))
def test_a_lexer_that_is_used_ends_soon_at_texts_that_are_slow(name: str) -> None:
    for before, part, after in zip(SLOW[::3], SLOW[1::3], SLOW[2::3], strict=True):
        text = f"{before}{part * MAX_CODE}{after}"[:MAX_CODE]
        begin = time.thread_time()
        Painter(0.2).paint(text, name)
        assert time.thread_time() - begin < LONGEST, text[:20]


@pytest.mark.parametrize("name", ["bash", "c", "c++", "brainfuck", "no such", "text"])
def test_other_languages_are_shown_as_text(name: str) -> None:
    begin = time.thread_time()
    page = shown("<<" + "a" * 40_000 + " if <b>", pygments_lexer=name)
    assert "if &lt;b&gt;" in page
    assert '<span class="k' not in page
    assert time.thread_time() - begin < LONGEST


def test_code_in_markdown_has_the_same_lexers_only() -> None:
    begin = time.thread_time()
    slow = "<<" + "a" * 15_000
    page = shown(f"```bash\n{slow} <b>\n```\n\n```python x\nimport os\n```", "markdown")
    assert f"<code>&lt;&lt;{'a' * 15_000} &lt;b&gt;" in page
    assert '<span class="kn">import</span>' in page
    assert time.thread_time() - begin < LONGEST


def test_long_code_is_shown_as_text_and_the_next_cell_in_colours() -> None:
    painter = Painter(0.4)
    assert painter.paint("import os\n" * 2000, "python") is None
    assert painter.paint("import os", "python")


def test_colours_end_with_the_time_for_the_notebook() -> None:
    painter = Painter(0.01)
    assert painter.paint("a?" * 4000, "typescript") is None
    assert painter.left <= 0
    assert painter.paint("import os", "python") is None
