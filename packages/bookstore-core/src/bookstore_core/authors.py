"""Authors: who saves, labels and publishes from this process."""

import getpass
import os

#: The most characters of a name that are kept.
MAX_NAME = 256


def author() -> str:
    """Return the JupyterHub user, else the user of the system; empty for none."""
    name = os.environ.get("JUPYTERHUB_USER", "")
    if not name:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = ""  # a container's user without a name
    return name[:MAX_NAME]
