"""The messages from the notebook server to the Flask app.

Both processes import this module; it imports neither tornado nor Flask.

At its start, gunicorn reads one line of JSON from its standard input, a `Launch`. The
server keeps that pipe open; when it is closed, the server has ended. With each request
the server sends one header, a `RequestContext`. No client can forge it: it contains a
secret made at each start, and the server drops headers of clients that begin with
`RESERVED_HEADER_PREFIX`.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from bookstore_core.settings import BookstoreSettings

CONTEXT_HEADER = "X-Bookstore-Context"
#: The key of the `RequestContext` in a WSGI environment.
CONTEXT_KEY = "bookstore.context"
RESERVED_HEADER_PREFIX = "X-Bookstore-"

#: Bytes of a request's body besides its notebook. Both sides refuse a larger body, so
#: that the app never has to close a connection while a client is still sending.
ENVELOPE = 64 * 1024


@dataclass(frozen=True)
class Launch:
    """What a notebook server sends to gunicorn when it starts it.

    `server_url` is the address of the server without its base URL:
    ``http://127.0.0.1:8888``, ``https://...``, or ``http+unix://%2Fpath%2Fto%2Fsocket``.
    `certificate_sha256` is the hexadecimal fingerprint of the server's own certificate
    for https. `runtime_dir` contains the socket; it is removed when gunicorn ends.
    """

    settings: dict[str, Any] = field(repr=False)
    secret: str = field(repr=False)
    server_url: str
    runtime_dir: str
    certificate_sha256: str = ""

    @classmethod
    def from_json(cls, line: str) -> Self:
        return cls(**json.loads(line))

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @property
    def socket_path(self) -> str:
        return f"{self.runtime_dir}/gunicorn.sock"

    @property
    def ready_path(self) -> str:
        """A file that exists when a worker has loaded the app."""
        return f"{self.runtime_dir}/ready"

    def bookstore_settings(self) -> "BookstoreSettings":
        """Return the settings of the notebook server that started gunicorn."""
        # Imported here because gunicorn's master needs none of it.
        from bookstore_core.settings import BookstoreSettings

        return BookstoreSettings.from_config(self.settings)


@dataclass(frozen=True)
class RequestContext:
    """What the notebook server states about one request.

    `base_url` begins and ends with a slash, as in ``/user/ann/``. `origin` is scheme
    and host as the caller sees them (``https://hub.example.org``). `xsrf_token` is
    the caller's own, for our pages and for calls back to the server. `user` is the
    caller's name. `authorization` is the header for calls back; the server converts a
    token in the query to it. `public_url` is where other people reach the pages, with a
    final slash; empty if that is not known. `ui` is the front end that opens notebooks.
    `archives` is whether the server's saves are archived.
    """

    secret: str = field(repr=False)
    base_url: str = "/"
    origin: str = ""
    xsrf_token: str = field(default="", repr=False)
    user: str = ""
    authorization: str = field(default="", repr=False)
    public_url: str = ""
    ui: str = "notebook"  # or "lab", "nbclassic"
    archives: bool = False

    @property
    def is_public(self) -> bool:
        """Whether links lead to an address for other people, not to this server."""
        return self.public_url not in {"", self.origin + self.base_url}

    def link(self, page: str) -> str:
        """Return the link to a page, such as ``bookstore/``, that others can open."""
        return (self.public_url or self.origin + self.base_url) + page

    @classmethod
    def from_header(cls, value: str) -> Self:
        return cls(**json.loads(value))

    def to_header(self) -> str:
        """Return the context as one line of ASCII."""
        return json.dumps(asdict(self))
