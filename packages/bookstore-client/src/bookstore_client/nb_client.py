"""A client of a notebook server's own API: kernels, sessions, contents.

`CurrentNotebookClient` is that of the server whose kernel runs this code.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, Self

from bookstore_client.connection import Connection, Options, quoted
from bookstore_client.errors import BookstoreError, InvalidRequestError, StorageError
from bookstore_client.kernel import (
    connection_file,
    extract_kernel_id,
    session_file,
)
from bookstore_client.servers import (
    LiveNotebookRecord,
    record_of,
    running_servers,
    token_for,
)

__all__ = [
    "CurrentNotebookClient",
    "KernelInfo",
    "LiveNotebookRecord",
    "NotebookClient",
    "NotebookClientCollection",
    "NotebookSession",
    "extract_kernel_id",
]

#: The drive of documents that several people edit; the contents API has no drives.
_DRIVE = "RTC:"


class _Described:
    """What the server describes as a JSON object, which is kept in `model`."""

    model: dict[str, Any]

    def __repr__(self) -> str:
        return json.dumps(self.model, indent=2)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.model == other.model

    __hash__ = None  # type: ignore[assignment]  # `model` may change


class KernelInfo(_Described):
    """A kernel, as the server's API describes it.

    ::

        {"id": "f92b7c8b-0858-4d10-903c-b0631540fb36", "name": "python3",
         "last_activity": "2026-03-14T23:38:08.137987Z",
         "execution_state": "idle", "connections": 1}
    """

    def __init__(
        self,
        *,
        id: str,
        name: str,
        last_activity: str = "",
        execution_state: str = "",
        connections: int = 0,
        **_: Any,
    ) -> None:
        self.id = id
        self.name = name
        self.last_activity = last_activity
        self.execution_state = execution_state
        self.connections = connections
        self.model = dict(vars(self))


class NotebookSession(_Described):
    """A session: a notebook and the kernel that runs it. `model` is the raw answer.

    ::

        {"id": "68d9c58f-c57d-4133-8b41-5ec2731b268d", "path": "june.ipynb",
         "name": "", "type": "notebook", "kernel": {...},
         "notebook": {"path": "june.ipynb", "name": ""}}
    """

    def __init__(
        self,
        *,
        path: str,
        name: str,
        type: str,
        kernel: Mapping[str, Any],
        notebook: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        self.path = path.removeprefix(_DRIVE)
        self.name = name
        self.type = type
        self.kernel = KernelInfo(**kernel)
        self.notebook = dict(notebook or {})
        self.model = {
            "path": self.path,
            "name": name,
            "type": type,
            "kernel": dict(kernel),
            "notebook": self.notebook,
        }


#: What instances had in bookstore 2.x, and what replaces it.
_GONE = {
    "req_session": "Call get_sessions(), get_kernels() and get_contents(PATH), or send "
    "the `headers` with requests of your own.",
    "setup_auth": "`token` and `xsrf_token` are there.",
    "setup_request_sessions": "`headers` are there.",
}


class NotebookClient:
    """A client of one notebook server.

    `nb_config` is what the server's file says (see `LiveNotebookRecord`). The options
    are `timeout` (seconds), `verify` and `ca_certs`, for servers with https.
    """

    def __init__(
        self,
        nb_config: Mapping[str, Any],
        *,
        timeout: float = 120.0,
        verify: bool = True,
        ca_certs: str = "",
    ) -> None:
        self.nb_config = dict(nb_config)
        self.nb_record = record_of(nb_config)
        self.token = token_for(self.nb_record)
        self._connection = Connection(
            self.nb_record.address, self.token, Options(timeout, verify, ca_certs)
        )
        self.url = self._connection.url
        self.xsrf_token = self._connection.xsrf_token

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            said = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name in _GONE:
                said = f"{name} of bookstore 2 is gone. {_GONE[name]}"
            raise AttributeError(said)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self._connection.close()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that requests are authorized with."""
        return {**self._connection.headers, "Content-Type": "application/json"}

    @property
    def sessions_endpoint(self) -> str:
        """The address of the server's sessions."""
        return f"{self.url}/api/sessions/"

    @property
    def kernels_endpoint(self) -> str:
        """The address of the server's kernels."""
        return f"{self.url}/api/kernels/"

    @property
    def contents_endpoint(self) -> str:
        """The address of the server's files."""
        return f"{self.url}/api/contents/"

    @property
    def sessions(self) -> dict[str, NotebookSession]:
        """The sessions now, by the id of their kernel; of several, that of a notebook.

        Each use asks the server.
        """
        found: dict[str, NotebookSession] = {}
        for model in self.get_sessions():
            session = _session_of(model)
            known = found.get(session.kernel.id)
            if known is None or known.type != "notebook":
                found[session.kernel.id] = session
        return found

    def get_sessions(self) -> list[dict[str, Any]]:
        """Return the models of the sessions now."""
        return self._list("api/sessions")

    @property
    def kernels(self) -> list[dict[str, Any]]:
        """The models of the kernels now. Each use asks the server."""
        return self.get_kernels()

    def get_kernels(self) -> list[dict[str, Any]]:
        """Return the models of the kernels now."""
        return self._list("api/kernels")

    def get_contents(self, path: str) -> dict[str, Any]:
        """Return the contents model of a file or folder."""
        model = self._connection.get(f"api/contents/{quoted(path)}")
        if not isinstance(model, dict):
            raise StorageError(f"What {self.url} answered is not a contents model.")
        return model

    def _list(self, path: str) -> list[dict[str, Any]]:
        found = self._connection.get(path)
        if not isinstance(found, list):
            raise StorageError(f"What {self.url} answered is not a list.")
        return found


def _session_of(model: Any) -> NotebookSession:
    try:
        return NotebookSession(**model)
    except (TypeError, AttributeError) as error:
        raise StorageError(
            f"The server's session is not as expected: {error}."
        ) from None


class _SessionsByServer:
    """The attribute `sessions` of the class below: each use asks the servers."""

    def __get__(
        self, instance: object, owner: "type[NotebookClientCollection]"
    ) -> dict[str, dict[str, NotebookSession]]:
        found = {}
        for client in owner.clients():
            with client, suppress(BookstoreError):  # it ended, or is not ours
                found[client.url] = client.sessions
        return found


class NotebookClientCollection:
    """The clients of all notebook servers of this user that run on this machine.

    `sessions` has the sessions of each server that answers, by its address.
    """

    sessions = _SessionsByServer()

    @classmethod
    def clients(cls, **options: Any) -> Iterator[NotebookClient]:
        """Yield a client for each running server, that of our parent first."""
        for info in running_servers():
            try:
                yield NotebookClient(info, **options)
            except BookstoreError:
                continue  # its file names no address

    #: The name of `clients` in bookstore 2.x.
    nb_client_gen = clients

    @classmethod
    def current_server(cls, **options: Any) -> NotebookClient | None:
        """Return the client of the server that this kernel belongs to.

        None outside of a kernel, and if no server that answers knows this kernel.
        """
        kernel_id = extract_kernel_id(connection_file())
        for client in cls.clients(**options):
            if _runs_in(client, kernel_id):
                return client
            client.close()
        return None


def _runs_in(client: NotebookClient, kernel_id: str) -> bool:
    """Return whether this process is a kernel of the server."""
    if kernel_id:
        try:
            return kernel_id in client.sessions
        except BookstoreError:
            return False  # it ended, or is not ours
    # A kernel of another kind than ipykernel knows no id.
    return bool(session_file()) and bool(_path_below(client.nb_record, session_file()))


def _path_below(record: LiveNotebookRecord, file: str) -> str:
    """Return the path on a server of a file; empty if it is outside of its root."""
    root = os.path.realpath(record.notebook_dir or os.sep)
    path = os.path.relpath(os.path.realpath(file), root)
    return "" if path.startswith(os.pardir) else path.replace(os.sep, "/")


class CurrentNotebookClient(NotebookClient):
    """The client of the server whose kernel runs this code.

    With `url` (and `token`) it is the client of that server instead, and outside of
    kernels, without `url`, that of the only server of this user that runs here. Raises
    InvalidRequestError if it is not clear which server that is.
    """

    def __init__(self, *, url: str = "", token: str = "", **options: Any) -> None:
        self.nb_client = _named(url, token, options) if url else _found(options)
        super().__init__(self.nb_client.nb_config, **options)
        self._is_in_kernel = not url and _runs_in(self, self.kernel_id)

    @property
    def connection_file(self) -> str:
        """The connection file of this kernel; empty outside of a kernel."""
        return connection_file()

    @property
    def kernel_id(self) -> str:
        """The id of this kernel; empty outside of a kernel."""
        return extract_kernel_id(self.connection_file)

    @property
    def session(self) -> NotebookSession | None:
        """The session of this kernel now, also after a rename; None if it has none."""
        return self.sessions.get(self.kernel_id) if self._is_in_kernel else None

    @property
    def notebook_path(self) -> str:
        """The path on the server of the notebook that this kernel runs for.

        Raises InvalidRequestError outside of a kernel of a notebook.
        """
        session = self.session
        if session is not None:
            return session.path
        if self._is_in_kernel and (path := _path_below(self.nb_record, session_file())):
            return path
        raise InvalidRequestError(
            "This code does not run in a notebook of the server. Name the notebook by "
            "its path on the server."
        )


def _named(url: str, token: str, options: Mapping[str, Any]) -> NotebookClient:
    return NotebookClient({"url": url, "hostname": url, "token": token}, **options)


def _found(options: Mapping[str, Any]) -> NotebookClient:
    current = NotebookClientCollection.current_server(**options)
    if current is not None:
        return current
    clients = list(NotebookClientCollection.clients(**options))
    if len(clients) == 1:
        return clients[0]
    urls = ", ".join(client.url for client in clients)
    raise InvalidRequestError(
        "This is not a kernel of a notebook server that answers, and "
        + (f"several servers run here ({urls})." if urls else "no server runs here.")
        + " Name the server with url and token."
    )
