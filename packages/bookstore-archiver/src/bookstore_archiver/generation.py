"""Which generation of notebook server runs, or would."""

import importlib.util
from typing import Literal

from traitlets.config import Application

Generation = Literal["modern", "classic", ""]


def running_generation() -> Generation:
    """Return the generation of the server that runs here; empty where none can."""
    # By the application, not by what can be imported: classic brings jupyter_server.
    if Application.initialized():
        kinds = type(Application.instance()).__mro__
        classic = any(kind.__module__ == "notebook.notebookapp" for kind in kinds)
        return "classic" if classic else "modern"
    # Or by what can be imported, where only a config file wants a name. Where no
    # server is installed at all, that file is read by gunicorn or by our command.
    if importlib.util.find_spec("jupyter_server") is not None:
        return "modern"
    return "classic" if importlib.util.find_spec("notebook") is not None else ""
