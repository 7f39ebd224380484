"""What the notebook server's side and the Flask side say to each other.

This is all that the two share: it imports neither tornado nor Flask.

At its start, gunicorn reads one line of JSON from its standard input, a `Launch`. The
server keeps that pipe open, so that its end means the end of the server. With every
request the server sends one header, a `RequestContext`, that no client can forge: it
carries a secret made at each start, and the server drops what clients send under
`RESERVED_HEADER_PREFIX`.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from bookstore_core.settings import BookstoreSettings

CONTEXT_HEADER = "X-Bookstore-Context"
RESERVED_HEADER_PREFIX = "X-Bookstore-"

#: Bytes of a request's body around its notebook. Both sides refuse a larger body, so
#: that the app never has to close a connection on a client that still sends.
ENVELOPE = 64 * 1024


@dataclass(frozen=True)
class Launch:
    """What gunicorn is told when a notebook server starts it.

    `server_url` is how to reach the server without its base URL:
    ``http://127.0.0.1:8888``, ``https://...``, or ``http+unix://%2Fpath%2Fto%2Fsocket``.
    `certificate_sha256` is the hexadecimal fingerprint of the server's own certificate
    under https. `runtime_dir` holds the socket, and goes when gunicorn goes.
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
        """A file that appears when a worker has loaded the app."""
        return f"{self.runtime_dir}/ready"

    def bookstore_settings(self) -> BookstoreSettings:
        """The settings of the notebook server that started us."""
        return BookstoreSettings.from_config(self.settings)


@dataclass(frozen=True)
class RequestContext:
    """What the notebook server says of one request.

    `base_url` begins and ends with a slash, as in ``/user/ann/``. `origin` is scheme
    and host as the caller sees them (``https://hub.example.org``). `xsrf_token` is
    the caller's own, for our pages and for calls back to the server. `user` is the
    caller's name. `authorization` is what to send in calls back; the server turns a
    token in the query into it. `ui` is the front end that opens notebooks. `archives`
    says whether the server's saves are archived.
    """

    secret: str = field(repr=False)
    base_url: str = "/"
    origin: str = ""
    xsrf_token: str = field(default="", repr=False)
    user: str = ""
    authorization: str = field(default="", repr=False)
    ui: str = "notebook"  # or "lab", "nbclassic"
    archives: bool = False

    @classmethod
    def from_header(cls, value: str) -> Self:
        return cls(**json.loads(value))

    def to_header(self) -> str:
        """One line of ASCII, whatever the names in it."""
        return json.dumps(asdict(self))
