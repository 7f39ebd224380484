"""Which generation of notebook server runs, or would."""

import functools
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from typing import Any, Literal

from traitlets.config import Application

from bookstore_core.jupyter.running_server import is_classic

Generation = Literal["modern", "classic", ""]


def running_generation() -> Generation:
    """Return the generation of the server that runs here; empty where none can."""
    if Application.initialized():
        return "classic" if is_classic(Application.instance()) else "modern"
    # Or by what can be imported, where only a config file wants a name. Where no
    # server is installed at all, that file is read by gunicorn or by our command.
    if importlib.util.find_spec("jupyter_server") is not None:
        return "modern"
    return "classic" if importlib.util.find_spec("notebook") is not None else ""


def derive(name: str, part: type, bases: Mapping[str, tuple[str, str]]) -> Any:
    """Return the class `name`: `part` on the running server's own base.

    `bases` gives module and name of the base for each generation.
    """
    return _derive(name, part, *bases[running_generation()])


@functools.cache
def _derive(name: str, part: type, module: str, base_name: str) -> Any:
    base = getattr(importlib.import_module(module), base_name)
    doc = sys.modules[part.__module__].__doc__
    body = {"__module__": "bookstore_archiver", "__doc__": doc}
    return type(base)(name, (part, base), body)
