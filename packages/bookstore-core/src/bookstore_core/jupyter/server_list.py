"""The notebook servers of this user that are running, from their info files.

``jupyter server list`` and ``jupyter notebook list`` read the same files, which each
server writes to Jupyter's runtime directory.
"""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir

#: The files of jupyter_server and of Notebook 6.
_PATTERNS = ("jpserver-*.json", "nbserver-*.json")
#: Seconds to wait until a server accepts a connection.
PATIENCE = 1.0
#: The member of a file that has the root directory.
_ROOTS = ("root_dir", "notebook_dir")


def running_roots() -> list[str]:
    """Return the root directories of the running servers, each once."""
    roots = (_root_of(info) for info in _running())
    return list(dict.fromkeys(root for root in roots if root))


def running_urls() -> list[str]:
    """Return the addresses of the running servers, with a final slash."""
    urls = (info.get("url") for info in _running() if not info.get("sock"))
    return [f"{url.rstrip('/')}/" for url in urls if isinstance(url, str) and url]


def _running() -> Iterator[dict[str, Any]]:
    folder = Path(jupyter_runtime_dir())
    for path in sorted(found for name in _PATTERNS for found in folder.glob(name)):
        try:
            info = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue  # it ended just now, or is being written
        if isinstance(info, dict) and _is_alive(info.get("pid")) and _listens(info):
            yield info


def _root_of(info: dict[str, Any]) -> str:
    for name in _ROOTS:
        value = info.get(name)
        if isinstance(value, str) and os.path.isabs(value):
            return value
    return ""


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):  # a process of another user is no server of ours
        return False
    return True


def _listens(info: dict[str, Any]) -> bool:
    """Return whether something listens where a server did.

    A server that was killed leaves its file, and another process may get its number.
    """
    path, port = info.get("sock"), info.get("port")
    if isinstance(path, str) and path:
        return _connects(socket.AF_UNIX, path)
    host = info.get("hostname")
    if not isinstance(port, int) or not port or not isinstance(host, str):
        return True  # it does not say where
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except TimeoutError:
        return True  # it is busy
    except (OSError, OverflowError, UnicodeError):
        return False
    return True


def _connects(family: int, address: str) -> bool:
    with socket.socket(family) as client:
        client.settimeout(PATIENCE)
        try:
            client.connect(address)
        except TimeoutError:
            return True
        except (OSError, ValueError):
            return False
    return True
