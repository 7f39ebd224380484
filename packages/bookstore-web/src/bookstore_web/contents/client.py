"""A client of the notebook server's contents API, with the caller's credentials.

The server's own authorizer, save hooks and archiving apply to what is saved this way.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import urllib3

from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
)
from bookstore_core.jupyter.file_kinds import FILE, NOTHING
from bookstore_core.origins import MEMBER, Origin
from bookstore_web.contents.answers import Model, is_of_no_handler, model_of
from bookstore_web.contents.connections import open_pool

#: Where our own handlers read and write files, and save copies, below the base URL.
FILE_URL, COPY_URL = "api/bookstore/file", "api/bookstore/copy"

JSON, BYTES = "application/json", "application/octet-stream"

SHA256 = re.compile(r"[0-9a-f]{64}")

#: Bytes of the query of one request; servers refuse lines of over 64 KB.
LONGEST_QUERY = 16 * 1024

#: A body over this many bytes may be over the server's limit, which is 512 MB.
LARGE_BODY = 256 * 1024 * 1024

#: What to do then.
TOO_LARGE = (
    " If that does not help, the notebook is too large for the server "
    "(`max_body_size`): use `jupyter bookstore restore`."
)

#: A body, in one piece or several.
Body = bytes | tuple[bytes, ...] | Iterator[bytes]


@dataclass(frozen=True)
class Caller:
    """The base URL and credentials for requests to the server as the caller.

    `host` is the Host header of the caller's request: servers name cookies after it.
    """

    base_url: str
    host: str
    cookie: str = field(default="", repr=False)
    authorization: str = field(default="", repr=False)
    xsrf_token: str = field(default="", repr=False)

    def headers(self) -> dict[str, str]:
        """Return the headers to send; those without a value are left out."""
        values = {
            "Host": self.host,
            "Cookie": self.cookie,
            "Authorization": self.authorization,
            # Also on GET: JupyterHub requires it for requests from the same origin.
            "X-XSRFToken": self.xsrf_token,
            "Accept": "application/json",
            "User-Agent": "bookstore-web",
        }
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True)
class Present:
    """What is at a path: the sha256 of a file, empty if there is none.

    `streams`: whether `stream` can write it.
    """

    sha256: str
    streams: bool = False


class ContentsServer:
    """A notebook server's contents API. Safe to use from several threads.

    If the server refuses, every method raises ForbiddenError, NotFoundError or another
    error of `answers.REFUSALS` with the server's message. It raises StorageError if the
    server fails, and StorageUnavailableError if it cannot be reached.
    """

    def __init__(self, server_url: str, *, certificate_sha256: str = "") -> None:
        self._pool = open_pool(server_url, certificate_sha256=certificate_sha256)
        self._knows_kinds = True
        self._has_files = True
        self._has_copies = True

    def list_folder(self, path: str, *, caller: Caller) -> dict[str, str]:
        """Return the names in the folder at `path`, each with its type."""
        query = {"type": "directory", "content": "1"}
        model = self._ask("GET", path, caller=caller, query=query)
        if model.get("type") != "directory":
            raise InvalidRequestError(
                f"{path!r} is a file on your server, not a folder."
            )
        entries = model.get("content")
        if not isinstance(entries, list):
            raise StorageError("The notebook server returned a folder without a list.")
        return {entry.get("name", ""): entry.get("type", "") for entry in entries}

    def exists(self, path: str, *, caller: Caller) -> bool:
        """Whether there is a file or folder at `path`."""
        return self.type_of(path, caller=caller) != ""

    def type_of(self, path: str, *, caller: Caller) -> str:
        """Return the type of the file or folder at `path`, empty if there is none."""
        try:
            model = self._ask("GET", path, caller=caller, query={"content": "0"})
        except NotFoundError:
            return ""
        return str(model.get("type") or "file")

    def kinds(self, paths: Sequence[str], *, caller: Caller) -> list[str] | None:
        """Return what is at each path, in the words of `file_kinds`.

        A request to our own handler for some hundred paths. None if the server's
        contents manager keeps its files elsewhere.
        """
        found: list[str] = []
        for query in _queries(paths) if self._knows_kinds else ():
            url = f"{caller.base_url}api/bookstore/kinds?{query}"
            try:
                kinds = self._send("GET", url, "", caller=caller).get("kinds")
            except NotFoundError:
                self._knows_kinds = False
                break
            found += kinds if isinstance(kinds, list) else ()
        if not self._knows_kinds:
            return None
        if len(found) != len(paths):
            raise StorageError("The notebook server did not say what is there.")
        return found

    def save(self, path: str, body: Body, *, caller: Caller) -> Model:
        """Save `body`, a model in JSON, at `path`; return the model without content.

        An existing file is overwritten. The request is sent once: after
        StorageUnavailableError, the file may be saved or not.
        """
        return self._ask("PUT", path, caller=caller, body=body)

    def copy(
        self,
        name: str,
        target_path: str,
        body: Body,
        *,
        with_siblings: bool = False,
        caller: Caller,
    ) -> Model | None:
        """Save `body` as `save` does, at a free name that the server finds.

        It finds it as `place_among` does, and this raises the same errors. None, and
        nothing is saved, if the server's contents manager keeps its files elsewhere.
        """
        if not self._has_copies:
            return None
        query = {"name": name, "target": target_path}
        if with_siblings:
            query["siblings"] = "1"
        url = f"{caller.base_url}{COPY_URL}?{urlencode(query)}"
        answer = self._request("PUT", url, caller=caller, body=body)
        if is_of_no_handler(answer):
            self._has_copies = False
            return None
        return model_of(answer, target_path or name)

    def stream(
        self,
        path: str,
        pieces: Iterator[bytes],
        *,
        size: int,
        origin: Origin | None = None,
        is_new: bool = False,
        caller: Caller,
    ) -> Model:
        """Save a content of `size` bytes as a file, byte for byte, as `save` does.

        One that `is_new` gets another free name if there is something at the path.
        Neither this process nor the server has all of it in memory. Use it only where
        `present` says that it is possible. Marks of trust are removed. If an error is
        raised while the pieces are read, nothing is saved, and it is raised here.
        Raises NotStreamedError if the contents manager has to see this content.
        """
        query = {"path": path}
        if is_new:
            query["new"] = "1"
        if origin is not None:
            query |= origin.member[MEMBER]
        url = f"{caller.base_url}{FILE_URL}?{urlencode(query)}"
        return self._send("PUT", url, path, caller=caller, body=pieces, size=size)

    def present(self, path: str, *, caller: Caller) -> Present:
        """Return what is at a path. Raises what `sha256_of` raises for no file."""
        found = self._look(path, caller)
        if found.get("kind") in (FILE, NOTHING):
            return Present(str(found.get("sha256")), bool(found.get("streams")))
        try:
            return Present(self.sha256_of(path, caller=caller))
        except NotFoundError:
            return Present("")

    def takes_streams(self, *, caller: Caller) -> bool:
        """Return whether `stream` can write files."""
        return bool(self._look("", caller).get("streams"))

    def _look(self, path: str, caller: Caller) -> Model:
        if not self._has_files:
            return {}
        url = f"{caller.base_url}{FILE_URL}?{urlencode({'path': path})}"
        try:
            return self._send("GET", url, path, caller=caller)
        except NotFoundError:
            self._has_files = False
            return {}

    def read_bytes(self, path: str, *, caller: Caller) -> bytes:
        """Return the bytes of the file at `path`, of any type."""
        query = {"type": "file", "format": "base64", "content": "1"}
        model = self._ask("GET", path, caller=caller, query=query)
        try:
            return base64.b64decode(model["content"], validate=False)
        except (LookupError, TypeError, binascii.Error):
            raise StorageError(
                "The notebook server returned a file without its content."
            ) from None

    def sha256_of(self, path: str, *, caller: Caller) -> str:
        """Return the hexadecimal sha256 of the file at `path`, of any type.

        Newer servers compute it; from others the file is read.
        """
        query = {"type": "file", "content": "0", "hash": "1"}
        try:
            model = self._ask("GET", path, caller=caller, query=query)
        except NotFoundError:
            raise
        except BookstoreError:
            model = {}  # a contents manager that does not know `hash`
        digest = model.get("hash")
        if model.get("hash_algorithm") == "sha256" and SHA256.fullmatch(str(digest)):
            return str(digest)
        return hashlib.sha256(self.read_bytes(path, caller=caller)).hexdigest()

    def make_folders(self, path: str, *, caller: Caller) -> None:
        """Create the folder at `path`, and those above it, if they do not exist.

        Raises ConflictError if one of them is a file.
        """
        for folder in self.missing_folders(path, caller=caller):
            body = json.dumps({"type": "directory"}).encode()
            self._ask("PUT", folder, caller=caller, body=body)

    def missing_folders(self, path: str, *, caller: Caller) -> list[str]:
        """Return which of the folder at `path` and its parents are missing.

        Raises ConflictError if one of them is a file.
        """
        parts = path.split("/") if path else []
        folders = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        for number, folder in enumerate(folders):
            kind = self.type_of(folder, caller=caller)
            if not kind:
                return folders[number:]
            if kind != "directory":
                raise ConflictError(
                    f"{folder!r} is a file on your server, not a folder."
                )
        return []

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        caller: Caller,
        query: dict[str, str] | None = None,
        body: Body | None = None,
    ) -> Model:
        url = f"{caller.base_url}api/contents/{quote(path)}".rstrip("/")
        url = f"{url}?{urlencode(query)}" if query else url
        return self._send(method, url, path, caller=caller, body=body)

    def _send(
        self,
        method: str,
        url: str,
        path: str,
        *,
        caller: Caller,
        body: Body | None = None,
        size: int = 0,
    ) -> Model:
        answer = self._request(method, url, caller=caller, body=body, size=size)
        return model_of(answer, path)

    def _request(
        self,
        method: str,
        url: str,
        *,
        caller: Caller,
        body: Body | None = None,
        size: int = 0,
    ) -> urllib3.BaseHTTPResponse:
        headers = caller.headers()
        if isinstance(body, bytes | tuple):
            size = sum(map(len, body)) if isinstance(body, tuple) else len(body)
        if body is not None:
            kind = JSON if isinstance(body, bytes | tuple) else BYTES
            headers |= {"Content-Type": kind, "Content-Length": str(size)}
        try:
            return self._pool.request(
                method, url, headers=headers, body=body, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise StorageUnavailableError(
                f"The notebook server does not answer ({type(error).__name__}). "
                "Try again in a moment." + (TOO_LARGE if size > LARGE_BODY else "")
            ) from error


def _queries(paths: Sequence[str]) -> Iterator[str]:
    """Yield queries that name all paths."""
    query = ""
    for path in paths:
        field = urlencode({"path": path})
        if query and len(query) + len(field) > LONGEST_QUERY:
            yield query
            query = ""
        query += f"&{field}" if query else field
    if query:
        yield query
