"""What a kernel knows of itself: its id, and the notebook that it runs for."""

import os
import re
import sys
from typing import Any


def extract_kernel_id(connection_file: str) -> str:
    """Return the id of a kernel, from the path of its connection file.

    ``/run/user/1000/jupyter/kernel-f92b7c8b.json`` is that of the kernel ``f92b7c8b``.
    """
    return re.sub(r"kernel-(.*)\.json", r"\1", os.path.basename(connection_file))


def connection_file() -> str:
    """Return the path of this kernel's connection file; empty outside of a kernel."""
    # In a kernel, IPython is imported; importing it elsewhere takes long.
    get_ipython: Any = getattr(sys.modules.get("IPython"), "get_ipython", None)
    app = getattr(get_ipython and get_ipython(), "parent", None)
    while app is not None:
        found = getattr(app, "connection_file", None)
        if isinstance(found, str) and found:
            return found
        app = getattr(app, "parent", None)
    return ""


def session_file() -> str:
    """Return the path of the notebook's file, as its server named it at the start.

    Empty if no server did. It is not the path any more after a rename.
    """
    return os.environ.get("JPY_SESSION_NAME", "")
