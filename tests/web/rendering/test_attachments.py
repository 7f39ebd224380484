"""Pictures in Markdown and HTML: attachments, and what is said in place of others."""

import json
import time
from typing import Any

import pytest

from bookstore_web.rendering.document import prepare, render
from bookstore_web.rendering.parts.limits import Portion

PICTURE = {"image/png": "QUJD"}
SHOWN = 'src="data:image/png;base64,QUJD"'


def cell(source: Any, kind: str = "markdown", **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, **more}


def shown(*cells: Any) -> str:
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    page = render(prepare(json.dumps(content).encode()))
    return page[page.index("<main>") :]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.png", "![x](attachment:a.png)"),
        ("my plot.png", "![x](attachment:my%20plot.png)"),
        ("my plot.png", "![x](attachment:my plot.png)"),
        ("my plot.png", "![x](<attachment:my plot.png>)"),
        ("my plot.png", '![x](attachment:my plot.png "a title")'),
        ("Grün.png", "![x](attachment:Grün.png)"),
        ("Grün.png", "![x](attachment:Gr%C3%BCn.png)"),
        ("Gru\u0308n.png", "![x](attachment:Grün.png)"),
        ("图 1.png", "![x](attachment:图 1.png)"),
        ("50%25.png", "![x](attachment:50%25.png)"),
        ("a&b.png", "![x](attachment:a&b.png)"),
        ("a.png", '<img src="attachment:a.png" width=200>'),
        ("my plot.png", '<p>text <img alt="x" src="attachment:my plot.png"/></p>'),
        ("Grün.png", "<div><IMG SRC='attachment:Gr%C3%BCn.png'></div>"),
        ("a&b.png", 'text <img src="attachment:a&amp;b.png">'),
        ("a.png", "<img src=attachment:a.png>"),
        ("a.png", "![x][ref]\n\n[ref]: attachment:a.png"),
    ],
)
def test_an_attachment_is_found_as_jupyterlab_finds_it(name: str, source: str) -> None:
    page = shown(cell(f"**bold** {source}", attachments={name: PICTURE}))
    assert SHOWN in page.replace("SRC", "src")
    assert "missing" not in page


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("![x](attachment:b.png)", "x: The attachment b.png is not in this cell."),
        (
            '<img alt="x" src="attachment:my%20b.png">',
            "x: The attachment my b.png is not in this cell.",
        ),
        ("![x](attachment:a.pdf)", "x: The attachment a.pdf is too large to show"),
        ("![x](figures/b.png)", "not in the notebook is not shown here: figures/b.png"),
        ("<img src=b.png>", "not in the notebook is not shown here: b.png"),
        ("![x](https://x.test/b.png)", "another site is not loaded here: https://x."),
    ],
)
def test_a_picture_that_cannot_be_shown_is_named_and_the_rest_is_shown(
    source: str, sentence: str
) -> None:
    page = shown(
        cell(f"**bold** {source}", attachments={"a.pdf": {"application/pdf": "QQ=="}}),
        cell("# After"),
    )
    assert sentence in page
    assert "<strong>bold</strong>" in page
    assert "<img" not in page
    assert ">After</h1>" in page


def test_pictures_in_html_outputs_are_shown_or_named() -> None:
    html = '<img src="data:image/png;base64,QUJD"><b>after</b><img src="x.png">'
    output = {"output_type": "display_data", "data": {"text/html": html}}
    page = shown(cell("1", "code", outputs=[output]))
    assert f"<img {SHOWN}><b>after</b>" in page
    assert "not in the notebook is not shown here: x.png" in page


def test_an_attachment_is_no_way_to_write_html() -> None:
    nasty = {'image/png" onerror="alert(1)': "QUJD", "image/png": '"><img src=x>'}
    name = '"><img src=x>'
    page = shown(
        cell(f"![a](<attachment:{name}>) ![b](attachment:b)", attachments={name: nasty})
    )
    assert "onerror" not in page
    assert "<img src=x" not in page


def test_many_attachments_and_tags_take_no_long_time() -> None:
    begin = time.thread_time()
    shown(
        cell("![](attachment:" * 1000, attachments={f"a {n}": {} for n in range(9000)}),
        cell("<img " * 4000 + "src=" * 500),
        cell("<img src='" * 1900),
    )
    assert time.thread_time() - begin < 3


def test_a_large_attachment_is_left_to_the_document_of_its_cell() -> None:
    large = {"image/png": "A" * 2_000_000}
    page = shown(cell("![x](attachment:a.png)", attachments={"a.png": large}))
    assert "The attachment a.png is too large to show" in page
    assert (
        'data-cell="0"><a href="?&amp;cell=0">Show what is missing here (2.0 MB)'
        in page
    )
    content = {"nbformat": 4, "metadata": {}}
    cells = [cell("![x](attachment:a.png)", attachments={"a.png": large})]
    data = json.dumps(content | {"cells": cells}).encode()
    alone = render(prepare(data, Portion(cell=0)))
    assert f"base64,{large['image/png']}" in alone
    assert not prepare(data).left_out


def test_markdown_that_cannot_be_rendered_says_so() -> None:
    assert "too long to be rendered" in shown(cell("word " * 5000))
