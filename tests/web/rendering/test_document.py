"""A version as a document: what it shows, what it leaves out, and that it is inert."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from bookstore_core.errors import NotFoundError
from bookstore_core.stores import Version
from bookstore_web.rendering import exporter as rendering_exporter
from bookstore_web.rendering.document import prepare, render
from bookstore_web.rendering.parts.limits import Portion
from bookstore_web.rendering.style import frame_style

Put = Callable[..., Version]
CONTENT = "/bookstore/view/content"


def cell(source: Any, kind: str = "code", **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, **more}


def display(mime: str, value: Any, **metadata: Any) -> dict[str, Any]:
    output = {"output_type": "display_data", "metadata": metadata}
    return output | {"data": {mime: value}}


def written(*cells: Any, **metadata: Any) -> bytes:
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata}
    return json.dumps(content | {"cells": list(cells)}).encode()


def shown(*cells: Any, **metadata: Any) -> str:
    page = render(prepare(written(*cells, **metadata)))
    return page[page.index("<main>") :]


def test_code_is_coloured_and_markdown_is_rendered() -> None:
    page = shown(cell("%matplotlib inline\nimport os"), cell("# Title", "markdown"))
    assert '<span class="kn">import</span>' in page
    assert ">Title</h1>" in page


def test_outputs_are_shown_in_the_best_form() -> None:
    both = display("image/png", ["QUJD\n"])
    both["data"]["text/plain"] = "<Figure>"
    stream = {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred", "<"]}
    error = {"output_type": "error", "traceback": ["Trace", "back"], "ename": "E"}
    page = shown(cell("1", outputs=[both, stream, error]))
    assert "data:image/png;base64,QUJD" in page
    assert "Output of cell 1" in page
    assert "Figure" not in page
    assert '<span class="ansi-red-fg">red&lt;</span>' in page
    assert "Trace\nback" in page


def test_outputs_with_scripts_state_that_they_do_not_run() -> None:
    page = shown(
        cell("1", outputs=[display("application/javascript", "alert(1)")]),
        cell("2", outputs=[display("text/html", "<script>alert(2)</script>")]),
    )
    assert "cannot be shown without scripts" in page
    assert "Scripts in this output do not run here" in page
    assert "alert(1)" not in page


@pytest.mark.parametrize(
    "element",
    [
        '<base href="http://x.test/">',
        '<LINK rel="preconnect" href="http://x.test/">',
        "<meta http-equiv=refresh content='0;url=http://x.test/'>",
        "<iframe src='http://x.test/'></iframe>",
        "<object/data='http://x.test/'>",
        "<embed\nsrc='http://x.test/'>",
        "<form action='/api/contents'>",
    ],
)
@pytest.mark.parametrize("kind", ["markdown", "html", "svg"])
def test_elements_that_reach_out_are_renamed(element: str, kind: str) -> None:
    cells = {
        "markdown": cell(element, "markdown"),
        "html": cell("1", outputs=[display("text/html", element)]),
        "svg": cell("1", outputs=[display("text/html", f"<svg>{element}</svg>")]),
    }
    page = shown(cells[kind]).lower()
    name = element[1:].lower().replace("/", " ").split()[0]
    assert f"<{name}" not in page
    if kind != "markdown":  # which has its own idea of what HTML is
        assert f"<x-{name}" in page


def test_text_of_code_raw_cells_and_streams_is_not_html() -> None:
    nasty = "<img src=x onerror=alert(1)>"
    stream = {"output_type": "stream", "name": "stdout", "text": nasty}
    page = shown(
        cell(nasty, outputs=[stream, display("text/plain", nasty)]),
        cell(nasty, "raw", metadata={"raw_mimetype": "text/html"}),
        cell(nasty, "unheard of"),
        cell("a", id='"><img src=x>', metadata={"tags": ['"><img src=x>']}),
        cell("1", outputs=[display("image/png", '"><img src=x>')]),
        cell("1", outputs=[display("image/gif", '"><img src=x>')]),
        cell(
            "1", outputs=[display("image/png", "QQ==", **{"image/png": {"alt": nasty}})]
        ),
    )
    assert "<img src=x" not in page


def test_what_does_not_fit_is_left_to_other_documents() -> None:
    image, huge = (display("image/png", "A" * size) for size in (4_000_000, 20_000_000))
    data = written(
        cell("1", outputs=[image, huge]),
        cell("x" * 60_000, outputs=[{"output_type": "stream", "text": "y" * 300_000}]),
        *[cell(f"cell_{n}") for n in range(600)],
    )
    prepared = prepare(data, Portion(address="path=a"))
    assert prepared.cells == 602
    assert prepared.left_out.sentence == (
        "Not everything is shown here. Left out: 1 cell cut short; 1 large output."
    )
    page = render(prepared)
    assert '<a href="?path=a&amp;cell=0">Show the output (4.0 MB)</a>' in page
    assert "an output of 20.0 MB: too large to show" in page
    assert '<a href="?path=a&amp;cell=1">Show the output (0.3 MB)</a>' in page
    assert '<a href="?path=a&amp;from=500">Show the cells from 501' in page
    assert "cell_497" in page
    assert "cell_498" not in page
    assert len(page) < 1_000_000
    alone = render(prepare(data, Portion(cell=0)))
    assert "A" * 4_000_000 in alone
    rest = render(prepare(data, Portion(begin=500, address="path=a")))
    assert "cell_498" in rest
    assert "cell_599" in rest
    assert "later" not in rest[rest.index("<main>") :]


def test_a_document_ends_when_its_text_is_full() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": "y" * 150_000}
    data = written(*[cell(f"cell_{n}", outputs=[stream]) for n in range(20)])
    begin, seen = 0, 0
    while begin is not None:
        page = shown_portion(data, begin)
        seen += page.count("cell_")
        found = re.search(r"from=(\d+)", page)
        assert found is None or int(found[1]) > begin
        begin = int(found[1]) if found else None
    assert seen == 20


def shown_portion(data: bytes, begin: int) -> str:
    page = render(prepare(data, Portion(begin=begin)))
    assert len(page) < 1_500_000
    return page[page.index("<main>") :]


def test_a_small_notebook_leaves_nothing_out() -> None:
    left_out = prepare(written(cell("1"))).left_out
    assert not left_out
    assert left_out.sentence == ""


def test_one_cell_can_be_shown_alone() -> None:
    data = written(*[cell(f"value_{n}") for n in range(600)])
    page = render(prepare(data, Portion(cell=599)))
    assert "value_599" in page
    assert "value_598" not in page
    with pytest.raises(NotFoundError, match="600 cells"):
        prepare(data, Portion(cell=600))


def test_format_3_is_rendered() -> None:
    heading = {"cell_type": "heading", "level": 2, "source": "Old"}
    content = {"nbformat": 3, "worksheets": [{"cells": [heading]}], "metadata": {}}
    assert ">Old</h2>" in render(prepare(json.dumps(content).encode()))


@pytest.mark.parametrize("data", [b"<b>plain</b>", b"[1]", b'{"a": "<b>"}'])
def test_what_is_not_a_notebook_is_shown_as_text(data: bytes) -> None:
    prepared = prepare(data)
    assert prepared.kind == "text"
    assert "not a notebook" in prepared.reason
    page = render(prepared)
    assert "<b>" not in page


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a\0b"])
def test_binary_data_can_only_be_downloaded(data: bytes) -> None:
    prepared = prepare(data)
    assert prepared.kind == "binary"
    assert "Download it" in render(prepared)


NESTED: Any = "a"
for _ in range(300):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"cell_type": []},
        cell(7),
        cell(NESTED),
        cell("\ud800\0\x1b[31m"),
        cell("\ud800\0", "markdown"),
        cell("[" * 30_000, "markdown"),
        cell(">" * 20_000, "markdown"),
        cell("![a](attachment:" * 500, "markdown", attachments=[1]),
        cell("a", "markdown", attachments={"\ud800": {"image/png": "\ud800"}, "b": 1}),
        cell("a", outputs={}),
        cell("a", outputs=[None, 1, {}, {"data": {}}, {"data": {"text/html": NESTED}}]),
        cell("a", outputs=[display("text/html", "\ud800")]),
        cell("a", outputs=[display("image/svg+xml", "\ud800")]),
        cell("a", outputs=[display("text/latex", None), {"traceback": 1}]),
        cell("a", outputs=[{"output_type": "error", "traceback": [1, None]}]),
        cell("a", execution_count="<b>"),
        cell("a", execution_count=10**30),
        cell(
            "a", outputs=[display("image/png", "QQ==", **{"image/png": {"width": "x"}})]
        ),
    ],
    ids=range(21),
)
def test_cells_of_any_shape_can_be_shown(raw: Any) -> None:
    page = shown(raw, cell("# after", "markdown"))
    page.encode()
    assert ">after</h1>" in page


@pytest.mark.parametrize(
    "metadata",
    [
        {"language_info": {"name": "no-such-language"}},
        {"language_info": {"pygments_lexer": {"name": "ipython", "version": 3}}},
        {"language_info": []},
        {"language_info": {"pygments_lexer": [1]}, "kernelspec": {"language": "R"}},
    ],
)
def test_any_language_can_be_shown(metadata: dict[str, Any]) -> None:
    assert "x" in shown(cell("x <- 1"), **metadata)


def test_a_notebook_that_is_slow_to_render_ends_as_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rendering_exporter, "LONGEST", 1e-9)
    page = shown(*[cell("# <b>Title", "markdown") for _ in range(3)], cell("import <b"))
    assert page.count("<h1 ") == 1
    assert page.count("# &lt;b&gt;Title") == 2
    assert "import &lt;b" in page


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(char * 2 for char in digits) if len(digits) == 3 else digits
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("scheme", "grounds"),
    [("light", ("#f6f6f6", "#fdf1e7")), ("dark", ("#141414", "#33241a"))],
)
def test_code_and_terminal_colours_are_readable(
    scheme: str, grounds: tuple[str, str]
) -> None:
    parts = frame_style().split("@media (prefers-color-scheme: ")
    rules = parts[-2 if scheme == "light" else -1]
    assert rules.startswith(scheme)
    # Whitespace has a colour too, but is not visible.
    code = re.findall(
        r"^\.highlight \.(?!w )[^{]*\{ color: (#\w+)", rules, re.MULTILINE
    )
    terminal = re.findall(r"\.ansi-[^{]*\{ color: (#\w+)", rules)
    assert len(code) > 30
    assert len(terminal) == 16
    assert min(contrast(colour, grounds[0]) for colour in code) >= 4.5
    assert min(contrast(colour, grounds[1]) for colour in terminal) >= 4.5
