"""What scripts of ours draw in the frame: figures, diagrams, and widgets.

Each is an element with its data as inert JSON. The scripts that draw it come with this
package, and take care that nothing in the data runs or is loaded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bookstore_core.cells import text_of
from bookstore_web.rendering.parts.limits import MAX_MARKDOWN

#: Characters of a diagram; more take its script long.
MOST_DIAGRAM = 20_000
#: Widgets whose code comes with this package.
WIDGET_MODULES = frozenset(
    f"@jupyter-widgets/{name}" for name in ("base", "controls", "output")
)
MOST_MODELS = 2000


@dataclass(frozen=True)
class Kind:
    """A kind of figure: the name of the script that draws it, and a noun for it."""

    drawer: str
    noun: str


WIDGET = "application/vnd.jupyter.widget-view+json"
#: The forms that scripts draw, the best first.
KINDS: Mapping[str, Kind] = {
    WIDGET: Kind("widget", "widget"),
    "application/vnd.plotly.v1+json": Kind("plotly", "figure of Plotly"),
    **{
        f"application/vnd.vegalite.v{version}+json": Kind(
            "vega-lite", "Vega-Lite chart"
        )
        for version in (6, 5, 4, 3, 2)
    },
    **{
        f"application/vnd.vega.v{version}+json": Kind("vega", "Vega chart")
        for version in (6, 5, 4, 3)
    },
    "text/vnd.mermaid": Kind("mermaid", "diagram"),
    "text/latex": Kind("latex", "formula"),
}


class RichError(ValueError):
    """Data that cannot be drawn; the message is a sentence that says why."""


@dataclass
class Widgets:
    """The saved state of a notebook's widgets, and which of them are shown."""

    models: Mapping[str, Any]
    shown: list[str] = field(default_factory=list)

    @classmethod
    def saved_in(cls, metadata: object) -> "Widgets":
        """Return the widgets that the metadata of a notebook contain."""
        found: Any = metadata
        steps = ("widgets", "application/vnd.jupyter.widget-state+json", "state")
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        return cls(found if isinstance(found, dict) else {})

    def show(self, view: object) -> str:
        """Return the id of the model of a view, and count it as shown.

        Raises RichError if its state was not saved, or its code is of others.
        """
        name = view.get("model_id") if isinstance(view, dict) else None
        model = self.models.get(name) if isinstance(name, str) else None
        if not isinstance(name, str) or not isinstance(model, dict):
            raise RichError("The state of this widget was not saved in the notebook.")
        module = model.get("model_module")
        if module not in WIDGET_MODULES:
            raise RichError(
                f"This widget needs {str(module)[:100]}, which is not here."
            )
        self.shown.append(name)
        return name

    def state(self) -> dict[str, Any] | None:
        """Return the state of the widgets that are shown, and of those in them."""
        found: dict[str, Any] = {}
        waiting = list(dict.fromkeys(self.shown))
        while waiting and len(found) < MOST_MODELS:
            name = waiting.pop()
            model = self.models.get(name)
            if name in found or not isinstance(model, dict):
                continue
            found[name] = model
            waiting += _references(model.get("state"))
        if not found:
            return None
        return {"version_major": 2, "version_minor": 0, "state": found}


def _references(state: object) -> list[str]:
    """Return the ids of the models that a state names."""
    prefix, found, waiting = "IPY_MODEL_", [], [state]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and value.startswith(prefix):
            found.append(value.removeprefix(prefix))
    return found


def rich_element(mime: str, value: object, metadata: object, widgets: Widgets) -> str:
    """Return the element for an output that a script draws.

    Raises RichError if it cannot be drawn.
    """
    kind = KINDS[mime]
    data: object
    if mime == WIDGET:
        data = {"model": widgets.show(value)}
    elif mime.startswith("text/"):
        text = text_of(value)
        most = MOST_DIAGRAM if kind.drawer == "mermaid" else MAX_MARKDOWN
        if len(text) > most:
            raise RichError(f"This {kind.noun} is too large to draw.")
        data = {"text": text}
    elif isinstance(value, dict):
        options = metadata if isinstance(metadata, dict) else {}
        data = {"spec": value, "options": options}
    else:
        raise RichError(f"This {kind.noun} has no data.")
    return (
        f'<div class="rich" data-kind="{kind.drawer}" data-noun="{kind.noun}">'
        f'<script type="application/json" class="data">{inert_json(data)}</script>'
        "</div>"
    )


def inert_json(value: object) -> str:
    """Return JSON that contains no markup, and no key that is the prototype.

    Raises RichError if it is not JSON: Python also reads infinite numbers.
    """
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
        if '"__proto__"' in text or '"constructor"' in text:
            clean = _without_prototypes(value)
            text = json.dumps(clean, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise RichError("The data of this output are nested too deeply.") from None
    except ValueError:
        raise RichError("The data of this output are not valid JSON.") from None
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _without_prototypes(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: _without_prototypes(item)
            for key, item in value.items()
            if key != "__proto__"
            and not (key == "constructor" and isinstance(item, dict))
        }
    if isinstance(value, list):
        return [_without_prototypes(item) for item in value]
    return value
