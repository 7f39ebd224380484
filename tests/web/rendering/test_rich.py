"""Rich outputs: inert data, followed by what stands for them without scripts."""

import json
import math
import re
from typing import Any

import pytest

from bookstore_web.rendering.document import prepare, render
from bookstore_web.rendering.parts.limits import Portion
from bookstore_web.rendering.parts.rich import RichError, Widgets, inert_json

PLOTLY = "application/vnd.plotly.v1+json"
VIEW = "application/vnd.jupyter.widget-view+json"
FIGURE = {"data": [{"type": "bar", "y": [1, 2]}], "layout": {}}
PLACE = re.compile(
    r'<div class="rich" data-kind="([a-z-]+)"[^>]*>'
    r"<script[^>]*>([^<]*)</script></div>"
)


def page_of(*cells: Any, models: dict[str, Any] | None = None) -> str:
    state = {"application/vnd.jupyter.widget-state+json": {"state": models or {}}}
    content = {"nbformat": 4, "metadata": {"widgets": state}, "cells": list(cells)}
    page = render(prepare(json.dumps(content).encode()))
    return page[page.index("<main>") :]


def shown(*bundles: dict[str, Any], models: dict[str, Any] | None = None) -> str:
    outputs = [{"output_type": "display_data", "data": data} for data in bundles]
    cell = {"cell_type": "code", "source": "1", "outputs": outputs}
    return page_of(cell, models=models)


def text_cell(source: str) -> str:
    return page_of({"cell_type": "markdown", "source": source})


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        (PLOTLY, "plotly"),
        ("application/vnd.vegalite.v4+json", "vega-lite"),
        ("application/vnd.vegalite.v5+json", "vega-lite"),
        ("application/vnd.vega.v5+json", "vega"),
    ],
)
def test_a_figure_is_data_that_a_script_of_ours_draws(mime: str, kind: str) -> None:
    found = PLACE.search(shown({mime: FIGURE, "text/plain": "Figure()"}))
    assert found
    assert found[1] == kind
    assert json.loads(found[2])["spec"] == FIGURE


def test_without_scripts_a_figure_is_its_picture_its_table_or_its_text() -> None:
    script = "<div></div><script>draw()</script>"
    assert "base64,QUJD" in shown(
        {PLOTLY: FIGURE, "image/png": "QUJD", "text/html": script}
    )
    assert "<table>" in shown({PLOTLY: FIGURE, "text/html": "<table></table>"})
    assert "Figure()" in shown({PLOTLY: FIGURE, "text/plain": "Figure()"})
    alone = shown({PLOTLY: FIGURE, "text/html": script})
    assert "This is a figure of Plotly." in alone
    assert "draw()" not in alone


def test_the_text_of_a_figure_is_not_joined_with_what_is_printed_next() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": "printed"}
    figure = {"output_type": "display_data", "data": {PLOTLY: FIGURE}}
    cell = {"cell_type": "code", "source": "1", "outputs": [figure, stream]}
    page = page_of(cell)
    between = page[page.index("This is a figure") : page.index("printed")]
    assert between.count('<div class="output_area">') == 1


def test_data_cannot_end_their_element() -> None:
    title = "</script><script>alert(1)</script><!--<script>"
    page = shown({PLOTLY: FIGURE | {"layout": {"title": title}}})
    found = PLACE.search(page)
    assert found
    assert json.loads(found[2])["spec"]["layout"]["title"] == title
    assert "alert(1)</script>" not in page


def test_data_cannot_name_the_prototype() -> None:
    data = json.loads(
        '{"__proto__": {"x": 1}, "a": [{"__proto__": 1, "constructor": {"prototype": '
        '1}}], "b": {"constructor": "McLaren"}}'
    )
    assert json.loads(inert_json(data)) == {"a": [{}], "b": {"constructor": "McLaren"}}


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": [math.nan]}])
def test_numbers_that_are_not_json_are_said(value: Any) -> None:
    with pytest.raises(RichError, match="not valid JSON"):
        inert_json(value)
    page = shown({PLOTLY: {"data": value}, "text/plain": "Figure()"})
    assert "The data of this output are not valid JSON." in page
    assert "Figure()" in page


MODELS = {
    "a": {
        "model_module": "@jupyter-widgets/controls",
        "state": {"children": ["IPY_MODEL_b"], "layout": "IPY_MODEL_missing"},
    },
    "b": {"model_module": "@jupyter-widgets/base", "state": {"up": "IPY_MODEL_a"}},
    "c": {"model_module": "bqplot", "state": {}},
}


def test_a_widget_comes_with_the_saved_state_that_it_needs() -> None:
    page = shown({VIEW: {"model_id": "a"}, "text/plain": "Box()"}, models=MODELS)
    state = re.search(r'id="widget-state">([^<]*)</script>', page)
    assert state
    assert json.loads(state[1])["state"].keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        ({"model_id": "c"}, "This widget needs bqplot, which is not here."),
        ({"model_id": "d"}, "The state of this widget was not saved"),
        ({"model_id": ["a"]}, "The state of this widget was not saved"),
        ("a", "The state of this widget was not saved"),
    ],
)
def test_a_widget_that_cannot_be_drawn_is_said(view: Any, sentence: str) -> None:
    page = shown({VIEW: view, "text/plain": "Box()"}, models=MODELS)
    assert sentence in page
    assert "Box()" in page
    assert "widget-state" not in page


@pytest.mark.parametrize("saved", [None, [], {"a": None}, {"a": {"model_module": 1}}])
def test_saved_state_of_any_shape_can_be_read(saved: Any) -> None:
    assert Widgets({"a": saved}).state() is None
    assert "Box()" in shown(
        {VIEW: {"model_id": "a"}, "text/plain": "Box()"}, models=saved
    )


def test_math_is_marked_with_its_source() -> None:
    page = text_cell("$a<b$ and $$c$$ and \\\\(d\\\\)\n\n\\begin{align}e&f\\end{align}")
    marked = re.findall(r'<span class="math" data-cut="(\d)">([^<]*)</span>', page)
    assert marked == [
        ("1", "$a&lt;b$"),
        ("2", "$$c$$"),
        ("1", "$d$"),
        ("0", "\\begin{align}e&amp;f\\end{align}"),
    ]
    assert 'class="math"' not in text_cell("costs \\$5 and \\$6")


def test_a_diagram_in_markdown_is_its_source_until_it_is_drawn() -> None:
    page = text_cell("```mermaid\ngraph LR; A-->B<script>\n```")
    place = '<div class="rich" data-kind="mermaid"><pre><code>graph LR; A--&gt;B&lt;'
    assert place in page


def test_math_that_has_an_image_is_drawn_in_its_place() -> None:
    both = {"text/latex": "$x$", "image/png": "QUJD", "text/plain": "x"}
    page = shown(both)
    assert 'data-kind="latex"' in page
    assert "base64,QUJD" in page
    alone = shown({"text/latex": "$x$", "text/plain": "x"})
    assert 'class="rich"' not in alone
    assert "$x$" in alone


def test_a_part_has_the_macros_that_are_defined_before_it() -> None:
    sources = [
        "$\\newcommand{\\R}{x<y}$ and $a$",
        "$$\\def\\b{1}$$",
        "$\\R$",
        "$\\let\\c\\b$",
    ]
    cells = [{"cell_type": "markdown", "source": source} for source in sources]
    data = json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()
    page = render(prepare(data, Portion(cell=2)))
    macros = re.search('<div class="macros" hidden>(.*?)</div>', page)
    assert macros
    assert re.findall(">([^<]+)<", macros[1]) == [
        "$\\newcommand{\\R}{x&lt;y}$",
        "$\\def\\b{1}$",
    ]
    assert "macros" not in render(prepare(data))


def test_json_is_shown_as_text() -> None:
    assert "{&#34;a&#34;:[1]}" in shown({"application/json": {"a": [1]}})
