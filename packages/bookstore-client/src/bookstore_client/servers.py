"""The notebook servers of this user, from the files that they write when they start.

``jupyter server list`` and ``jupyter notebook list`` read the same files.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_core.paths import jupyter_runtime_dir

from bookstore_client.connection import unix_address

#: The files of jupyter_server and of Notebook 6.
_PATTERNS = ("jpserver-*.json", "nbserver-*.json")
#: Addresses at which a server listens, but nobody can be called.
_ANY = {"0.0.0.0", "::", ""}  # noqa: S104


class LiveNotebookRecord(NamedTuple):
    """A running notebook server, as its file describes it.

    ::

        {"base_url": "/", "hostname": "localhost", "notebook_dir": "/home/ann",
         "password": False, "pid": 96033, "port": 8888, "secure": False,
         "token": "8f3a", "url": "http://localhost:8888/", "sock": ""}

    jupyter_server's file has `root_dir` instead of `notebook_dir`. `sock` is the path
    of a unix socket, and empty for a server on a port.
    """

    base_url: str = "/"
    hostname: str = ""
    notebook_dir: str = ""
    password: bool = False
    pid: int = 0
    port: int = 0
    secure: bool = False
    token: str = ""
    url: str = ""
    sock: str = ""

    def __repr__(self) -> str:
        return f"LiveNotebookRecord(url={self.url!r}, pid={self.pid})"

    @property
    def address(self) -> str:
        """Where requests go, without a final slash."""
        if self.sock:
            return unix_address(self.sock, self.base_url).rstrip("/")
        if self.hostname in _ANY and self.port:
            scheme = "https" if self.secure else "http"
            return f"{scheme}://127.0.0.1:{self.port}{self.base_url}".rstrip("/")
        return self.url.rstrip("/")


def record_of(info: Mapping[str, Any]) -> LiveNotebookRecord:
    """Return the record of what a server's file says, of either generation."""
    known = {"notebook_dir": info.get("root_dir", ""), **info}
    names = LiveNotebookRecord._fields
    return LiveNotebookRecord(
        **{name: known[name] for name in names if known.get(name) is not None}
    )


def running_servers() -> Iterator[dict[str, Any]]:
    """Yield what the files of running servers say, that of our parent first."""
    folder = Path(jupyter_runtime_dir())
    infos = []
    for path in sorted(found for name in _PATTERNS for found in folder.glob(name)):
        try:
            info = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue  # it ended just now, or is being written
        if isinstance(info, dict) and _is_alive(info.get("pid")):
            infos.append(info)
    parents = {os.environ.get("JPY_PARENT_PID", ""), str(os.getppid())}
    return iter(sorted(infos, key=lambda info: str(info["pid"]) not in parents))


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):  # a process of another user is no server of ours
        return False
    return True


def token_for(record: LiveNotebookRecord) -> str:
    """Return the token for a server: its own, or that of JupyterHub for this one."""
    if record.token:
        return record.token
    if os.environ.get("JUPYTERHUB_SERVICE_PREFIX") == record.base_url:
        return os.environ.get("JUPYTERHUB_API_TOKEN", "")
    return ""
