"""The style of a rendered version: like our pages, with colours for code."""

from functools import cache

LIGHT, DARK = "xcode", "github-dark"

RULES = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #212121; --quiet: #5c5f63;
  --line: #e0e0e0; --code: #f7f7f8; --accent: #1560b5; --error: #fdeceb; }
@media (prefers-color-scheme: dark) { :root { --paper: #1d1d1e; --ink: #e4e4e4;
  --quiet: #a9adb1; --line: #363739; --code: #161617; --accent: #82b9f5;
  --error: #3a1c1a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  overflow-wrap: break-word;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { padding: 1.25rem 1.75rem 2rem; }
@media (max-width: 40rem) { main { padding: 0.75rem 1rem 1.5rem; } }
a { color: var(--accent); }
img, svg { max-width: 100%; height: auto; }
pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; font-size: 0.86rem; line-height: 1.45; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.cell { margin: 0 0 1rem; }
.prompt { color: var(--quiet); font-size: 0.75rem; min-height: 0; }
.input_area, .rendered_html pre { border: 1px solid var(--line); border-radius: 3px;
  background: var(--code); padding: 0.5rem 0.75rem; }
.output_area { padding: 0.4rem 0 0 0.75rem; overflow-x: auto; }
.output_area img { background: #ffffff; }
.output_stderr { background: var(--error); padding: 0.35rem 0.5rem; }
.rendered_html pre.plain { background: none; }
.rendered_html > :first-child { margin-top: 0; }
[hidden], .scripted .unscripted { display: none !important; }
.drawn, .widget-place { overflow-x: auto; }
.drawn.plotly, .drawn.vega, .drawn.vega-lite, .widget-place { background: #ffffff;
  color: #212121; color-scheme: light; }
.drawn.vega, .drawn.vega-lite { padding: 0.5rem; }
.drawn.mermaid img, .rich.failed img { background: none; }
.drawn svg { max-width: none; }
mjx-container[display] { overflow-x: auto; overflow-y: hidden; }
mjx-container svg { max-width: none; }
.drawn .missing { color: #5c5f63; margin: 0.5rem; }
.missing { color: var(--quiet); font-style: italic; }
.apart { display: block; }
blockquote { margin: 0 0 1rem; padding-left: 1rem; border-left: 3px solid var(--line);
  color: var(--quiet); }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.6rem; border: 1px solid var(--line); text-align: right; }
hr { border: 0; border-top: 1px solid var(--line); }
.ansi-bold { font-weight: bold; }
.ansi-italic { font-style: italic; }
.ansi-underline { text-decoration: underline; }
/* Colours of the 256, such as IPython's in tracebacks, are meant for light ground. */
@media (prefers-color-scheme: dark) { .output_text pre span[style] {
  filter: brightness(1.8); } }
"""

#: A terminal's eight colours, readable on light and on dark ground.
COLOURS = {
    "black": ("#3e424d", "#c5c8d3"),
    "red": ("#b3261e", "#ff8a80"),
    "green": ("#00702c", "#7ddc9a"),
    "yellow": ("#7a5200", "#e5c07b"),
    "blue": ("#0b57a8", "#82b7ff"),
    "magenta": ("#87208a", "#e69bea"),
    "cyan": ("#00666e", "#6ed9e0"),
    "white": ("#5f5f5f", "#e6e6e6"),
}


@cache
def frame_style() -> str:
    """Return the style sheet, for light and dark."""
    colours = {"light": _colours(LIGHT, 0), "dark": _colours(DARK, 1)}
    return RULES + "".join(
        f"@media (prefers-color-scheme: {scheme}) {{\n{rules}\n}}\n"
        for scheme, rules in colours.items()
    )


def _colours(style: str, place: int) -> str:
    # Imported late, as everything that only rendering needs.
    from pygments.formatters import HtmlFormatter

    formatter = HtmlFormatter(style=style, nobackground=True)
    rules = [formatter.get_style_defs(".highlight")]
    for name, shades in COLOURS.items():
        for intense in ("", "-intense"):
            rules.append(f".ansi-{name}{intense}-fg {{ color: {shades[place]}; }}")
    return "\n".join(rules)
