"""Which generation of notebook server runs here, classic or modern."""

import functools
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from typing import Any, Literal

from traitlets.config import Application

from bookstore_core.jupyter.running_server import (
    CLASSIC_APP,
    MODERN_APP,
    is_classic,
    is_modern,
)

Generation = Literal["modern", "classic", ""]


def running_generation() -> Generation:
    """Return the generation of the server that runs here; "" if none is installed."""
    if Application.initialized():
        app = Application.instance()
        if is_classic(app):
            return "classic"
        if is_modern(app):
            return "modern"
    # A program that embeds a server has imported its application.
    if CLASSIC_APP in sys.modules and MODERN_APP not in sys.modules:
        return "classic"
    # No server runs: gunicorn or our command reads a config file that imports a class.
    # Return the generation that is installed, if any.
    if importlib.util.find_spec("jupyter_server") is not None:
        return "modern"
    return "classic" if importlib.util.find_spec("notebook") is not None else ""


def derive(name: str, part: type, bases: Mapping[str, tuple[str, str]]) -> Any:
    """Return the class `name`, derived from `part` and the running server's base.

    `bases` contains module and name of the base for each generation.
    """
    return _derive(name, part, *bases[running_generation()])


@functools.cache
def _derive(name: str, part: type, module: str, base_name: str) -> Any:
    base = getattr(importlib.import_module(module), base_name)
    doc = sys.modules[part.__module__].__doc__
    body = {"__module__": "bookstore_archiver", "__doc__": doc}
    return type(base)(name, (part, base), body)
