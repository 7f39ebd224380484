"""The author of what this process saves, labels and publishes."""

import getpass
import os

#: Characters of a name that are kept.
MAX_NAME = 256


def author() -> str:
    """Return the JupyterHub user, else the system's user; empty if there is neither."""
    name = os.environ.get("JUPYTERHUB_USER", "")
    if not name:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = ""  # a container's user without a name
    return name[:MAX_NAME]
