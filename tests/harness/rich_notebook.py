"""Notebooks with math, diagrams, figures and widgets: sound ones, and hostile ones."""

from typing import Any

from harness.shown_versions import code, markdown, notebook_of

PLOTLY = "application/vnd.plotly.v1+json"
VEGA = "application/vnd.vega.v5+json"
VEGA_LITE = "application/vnd.vegalite.v5+json"
MERMAID = "text/vnd.mermaid"
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"

TABLE = [{"a": "A", "b": 5}, {"a": "B", "b": 3}, {"a": "C", "b": 6}]
CHART = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"values": TABLE},
    "mark": "bar",
    "encoding": {
        "x": {"field": "a", "type": "nominal"},
        "y": {"field": "b", "type": "quantitative"},
    },
}


def vega(**more: Any) -> dict[str, Any]:
    """Return a Vega chart of three bars."""
    scales = [
        {"name": "x", "type": "band", "domain": ["A", "B", "C"], "range": "width"},
        {"name": "y", "domain": [0, 10], "range": "height"},
    ]
    drawn = {
        "x": {"scale": "x", "field": "a"},
        "width": {"scale": "x", "band": 1},
        "y": {"scale": "y", "field": "b"},
        "y2": {"scale": "y", "value": 0},
    }
    marks = [{"type": "rect", "from": {"data": "t"}, "encode": {"enter": drawn}}]
    known = {"width": 200, "height": 100, "scales": scales, "marks": marks}
    return known | {"data": [{"name": "t", "values": TABLE}]} | more


def model(name: str, **state: Any) -> dict[str, Any]:
    """Return the saved state of a widget of ipywidgets 8."""
    module = "base" if name == "LayoutModel" else "controls"
    return {
        "model_name": name,
        "model_module": f"@jupyter-widgets/{module}",
        "model_module_version": "2.0.0",
        "state": state,
    }


def widgets(**models: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a notebook with these saved widgets."""
    layout = {"layout": model("LayoutModel")}
    state = {"version_major": 2, "version_minor": 0, "state": models | layout}
    return {"widgets": {STATE: state}}


def slider(**state: Any) -> dict[str, Any]:
    """Return a slider that shows 7."""
    known = {"description": "Count", "value": 7, "max": 20}
    return model("IntSliderModel", **known, layout="IPY_MODEL_layout", **state)


MATH = r"""# Math

In a line: $e^{i\pi} + 1 = 0$, and \\(a^2\\), for \$5 or \$6.

$$\newcommand{\R}{\mathbb{R}} x \in \R$$

\begin{align}a &= b \\ c &= \R\end{align}

This is not math: $\frac{1}{2$. The **rest** is shown. See [the end](#The-end).
"""


def sound() -> dict[str, Any]:
    """Return a notebook with each kind of rich output."""
    figure = {"data": [{"type": "scatter", "y": [1, 3, 2]}], "layout": {"title": "T"}}
    diagram = "```mermaid\ngraph LR; A[Save] --> B{Spool} -->|later| C(Store)\n```"
    return notebook_of(
        markdown(MATH),
        markdown(f"{diagram}\n\n```mermaid\nno diagram\n```"),
        code({"text/latex": r"$\displaystyle \frac{x^2}{\R}$", "text/plain": "x"}),
        code(
            {"text/html": "<table><tr><td>$\\alpha$</td><td>$5, $6</td></tr></table>"}
        ),
        code({MERMAID: 'pie title Pets\n "Dogs": 3\n "Cats": 2'}),
        code({PLOTLY: figure, "text/html": "<div></div><script>draw()</script>"}),
        code({VEGA_LITE: CHART, "text/plain": "<VegaLite 5 object>"}),
        code({VEGA: vega(), "text/plain": "<Vega object>"}),
        code({VIEW: {"model_id": "slider"}, "text/plain": "IntSlider(value=7)"}),
        markdown("# The end"),
        **widgets(slider=slider()),
    )


def hostile(evil: str, script: str) -> dict[str, Any]:
    """Return a notebook whose rich outputs try to run a script and to reach `evil`."""
    handler = f'<img src=x onerror="{script}"><img srcset="{evil}/label 1x">'
    return notebook_of(
        *[markdown(f"${text}$") for text in _hostile_math(evil, script)],
        *[markdown(f"```mermaid\n{text}\n```") for text in _diagrams(evil, script)],
        *[code({PLOTLY: found}) for found in _figures(evil, script, handler)],
        *[code({VEGA: found}) for found in _charts(evil, script)],
        code({VEGA_LITE: CHART | {"data": {"url": f"{evil}/lite.json"}}}),
        code({VEGA_LITE: CHART | {"usermeta": {"embedOptions": {"loader": evil}}}}),
        *[code({VIEW: {"model_id": name}}) for name in ("html", "foreign", "box")],
        code({"text/html": _forged(evil, script)}),
        markdown("# The last heading"),
        **_hostile_widgets(evil, script, handler),
    )


def _hostile_math(evil: str, script: str) -> list[str]:
    return [
        rf"\href{{javascript:{script}}}{{js}}",
        rf"\href{{{evil}/math-link}}{{link}}",
        r"\require{html}\require{bbox}\unicode[evil]{x41}",
        rf"\style{{background:url({evil}/math-style)}}{{x}}",
        rf"\text{{<img src={evil}/math-img onerror={script}>}}",
        r"\cssId{MathJax}{x}\class{later}{y}",
        r"\def\a{\a\a}\a",
        r"\def\x#1{#1#1#1#1}\x{\x{\x{\x{\x{\x{\x{\x{1}}}}}}}}",
        "{" * 2000 + "x" + "}" * 2000,
        "x_" * 3000 + "y",
    ]


def _diagrams(evil: str, script: str) -> list[str]:
    loose = '%%{init: {"securityLevel": "loose", "htmlLabels": true}}%%\n'
    css = f'%%{{init: {{"themeCSS": "* {{ background: url({evil}/theme) }}"}}}}%%\n'
    handler = f"<img src={evil}/diagram onerror={script}>"
    polluting = '%%{init: {"__proto__": {"polluted": 1}}}%%\n'
    return [
        f'{loose}graph LR; A["{handler}"] --> B\nclick A call {script}',
        f'{loose}graph LR; A --> B\nclick A href "javascript:{script}"',
        f"{css}graph LR; A --> B",
        f"{polluting}graph LR; A --> B",
        f"sequenceDiagram\nA->>B: {handler}\nlink A: x @ {evil}/diagram-link",
        "graph LR;" + "".join(f"A{n} --> A{n * 7 % 90};" for n in range(290)),
    ]


def _figures(evil: str, script: str, handler: str) -> list[dict[str, Any]]:
    link = f'<a href="javascript:{script}">js</a><script>{script}</script>{handler}'
    image = {"source": f"{evil}/figure", "x": 0, "y": 1, "sizex": 1, "sizey": 1}
    bar = {"type": "bar", "x": [link], "y": [1], "hovertemplate": link, "name": link}
    layout = {
        "title": {"text": link},
        "images": [image],
        "annotations": [{"text": link}],
    }
    polluting = {"__proto__": {"polluted": 1}, "constructor": {"prototype": {"p": 1}}}
    return [
        {
            "data": [bar],
            "layout": layout | polluting,
            "config": {"plotlyServerURL": evil},
        },
        {"data": [{"type": "image", "source": f"{evil}/trace"}], "layout": {}},
        {"data": [{"type": "choropleth", "geojson": f"{evil}/geo", "z": [1]}]},
        {"data": [{"type": "scattergeo", "lat": [1], "lon": [1]}], "layout": {}},
        {"data": [{"type": "scattermap", "lat": [1], "lon": [1]}], "layout": {}},
        {"data": [], "layout": {"geo": {"visible": True}, "map": {"style": evil}}},
        {"data": [], "layout": {}, "frames": [{"data": [bar]}]},
        {"data": [{"type": "scatter", "y": list(range(200_000))}], "layout": {}},
    ]


def _charts(evil: str, script: str) -> list[dict[str, Any]]:
    made = f"[].constructor.constructor('{script}')()".replace('"', "")
    picture = {
        "url": {"value": f"{evil}/mark"},
        "href": {"value": f"javascript:{script}"},
    }
    image = {"type": "image", "encode": {"enter": picture}}
    return [
        vega(data=[{"name": "t", "url": f"{evil}/data.json"}]),
        vega(marks=[image]),
        vega(signals=[{"name": "s", "init": made}]),
        vega(signals=[{"name": "s", "init": "replace('x', 'x', s.constructor)"}]),
        vega(signals=[{"name": "s", "init": "length(sequence(0, 1e12))"}]),
        vega(
            data=[
                {
                    "name": "t",
                    "transform": [{"type": "sequence", "start": 0, "stop": 1e12}],
                }
            ]
        ),
        vega(signals=[{"name": "s", "init": "window.parent"}]),
    ]


def _hostile_widgets(evil: str, script: str, handler: str) -> dict[str, Any]:
    layout = {"layout": "IPY_MODEL_layout"}
    html = f"<script>{script}</script>{handler}<svg onload='{script}'></svg>"
    foreign = model("XModel") | {"model_module": f"{evil}/widget.js"}
    view = {"_view_module": f"{evil}/view.js", "_view_name": "V"}
    children = [f"IPY_MODEL_{name}" for name in ("html", "foreign", "viewed", "image")]
    return widgets(
        html=model("HTMLModel", value=html, **layout),
        foreign=foreign,
        viewed=slider(**view),
        image=model("ImageModel", value=f"{evil}/widget-image", format="url", **layout),
        box=model("VBoxModel", children=children, **layout),
    )


def taken_names() -> str:
    """Return elements with names that scripts look for in a document and a window."""
    ours = "MathJax mermaid vega module exports define require process widget-state"
    texts = [f'<a id="{name}" href="#x">x</a>' for name in ours.split()]
    methods = "createElement createElementNS querySelector querySelectorAll head body"
    methods += " getElementById documentElement implementation currentScript scripts"
    methods += " addEventListener createRange defaultView readyState styleSheets"
    texts += [f'<img name="{name}" alt="">' * 2 for name in methods.split()]
    return "".join(texts)


def _forged(evil: str, script: str) -> str:
    spec = f'{{"spec": {{"data": [{{"name": "t", "url": "{evil}/forged"}}]}}}}'
    return (
        f'<div class="rich" data-kind="vega"><script class="data">{spec}</script></div>'
        '<div class="rich" data-kind="__proto__"><script class="data">{}</script></div>'
        '<p class="later" data-cell="0">x</p><p class="later" data-from="0">x</p>'
        f'<p class="later" data-cell="../../{evil}">x</p>'
        f'<form id="bookstoreFrame"></form>{taken_names()}'
        f"<script nonce=x>{script}</script>"
    )
