"""Doubles of the notebook server for the web app: its requests and its contents."""

import base64
import hashlib
import html
import json
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Flask
from werkzeug.wrappers import Request, Response

from bookstore_core.errors import BookstoreError
from bookstore_web.app.services import EXTENSION, Services
from bookstore_web.contents.free_names import place_among
from bookstore_web.server.answers.copies import STATUS
from bookstore_web.wire import CONTEXT_HEADER, RequestContext

#: Where the double keeps what a request has written.
WRITTEN = "double.written"
SECRET = "the-secret-of-this-start"


class ContentsDouble:
    """The contents API of a notebook server, as far as cloning needs it.

    It `has_files` if it knows what is at paths, and `copies` to free names, as our own
    handlers do, and `streams` if these write files. `files`
    maps paths to saved models, `folders` are the paths of folders. `requests` records
    the requests. `answer`, if set, is returned for every request.
    """

    def __init__(self) -> None:
        self.base_url = "/"
        self.has_files = True
        self.copies = True
        self.streams = False
        self.files: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.folders = {""}
        self.requests: list[Request] = []
        self.answer: Response | None = None
        self._naming = threading.Lock()
        self.refuse: Callable[[Request], Response | None] = lambda _: None

    @property
    def written(self) -> list[str]:
        """The addresses that were written to, that of a copy by its place."""
        puts = [request for request in self.requests if request.method == "PUT"]
        paths = [request.environ.get(WRITTEN, request.path) for request in puts]
        return [path for path in paths if path]

    def headers_of(self, method: str) -> dict[str, str]:
        """Return the headers of the last request with this method."""
        return dict([r for r in self.requests if r.method == method][-1].headers)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        request.get_data(cache=True)
        self.requests.append(request)
        response = self.answer or self.refuse(request) or self._answer(request)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        base = unquote(self.base_url)
        if request.path == f"{base}api/bookstore/kinds" and self.has_files:
            kinds = [self._kind(path) for path in request.args.getlist("path")]
            return _json({"kinds": kinds})
        if request.path == f"{base}api/bookstore/copy" and self.copies:
            return self._copy(request)
        if request.path == f"{base}api/bookstore/file" and self.streams:
            return self._file(request)
        start = f"{base}api/contents"
        if not request.path.startswith(start):
            return _refusal(404, "no such handler")
        path = request.path.removeprefix(start).strip("/")
        if request.method == "PUT":
            return self._put(path, json.loads(request.data))
        if path in self.folders:
            return _json(self._folder(path))
        if path not in self.files:
            return _refusal(404, f"No such file or directory: {path}")
        if request.args.get("type") == "directory":
            return _refusal(400, f"{path} is not a directory")
        if request.args.get("format") == "base64":
            content = base64.encodebytes(self.bytes_at(path)).decode()
            return _json({**self._model(path), "content": content})
        return _json(self._model(path))

    def _copy(self, request: Request) -> Response:
        name, target = request.args["name"], request.args["target"]
        siblings = "siblings" in request.args
        with self._naming:
            try:
                place = place_among(self, name, target, with_siblings=siblings).path
            except BookstoreError as error:
                request.environ[WRITTEN] = ""
                refusal = {"message": str(error), "place": ""}
                return _json(refusal, STATUS.get(type(error), 400))
            address = f"{unquote(self.base_url)}api/contents/{place}"
            request.environ[WRITTEN] = address
            return self._put(place, json.loads(request.data))

    def kinds(self, paths: Sequence[str]) -> list[str]:
        return [self._kind(path) for path in paths]

    def type_of(self, path: str) -> str:
        return self._kind(path)

    def names_in(self, folder: str) -> list[str]:
        return [model["name"] for model in self._folder(folder)["content"]]

    def _file(self, request: Request) -> Response:
        path = request.args["path"]
        if request.method == "PUT":
            content, length = request.data.decode(), request.content_length
            if len(content) != length:
                return _refusal(400, "The body is not complete.")
            model = {"type": "file", "format": "text", "content": content}
            return self._put(path, model)
        there = path in self.files
        digest = hashlib.sha256(self.bytes_at(path)).hexdigest() if there else ""
        return _json({"kind": self._kind(path), "sha256": digest, "streams": True})

    def _kind(self, path: str) -> str:
        if path in self.folders:
            return "directory"
        return "file" if path in self.files else ""

    def bytes_at(self, path: str) -> bytes:
        """Return the file as it would be on disk."""
        model = self.files[path]
        if model["format"] == "json":
            return json.dumps(model["content"], indent=1).encode()
        if model["format"] == "base64":
            return base64.b64decode(model["content"])
        text: str = model["content"]
        return text.encode()

    def _put(self, path: str, model: dict[str, Any]) -> Response:
        if model["type"] == "directory":
            self.folders.add(path)
            return _json(self._model(path), 201)
        if path.rpartition("/")[0] not in self.folders:
            return _refusal(404, f"No such directory: {path}")
        self.files[path] = model
        return _json(self._model(path), 201)

    def _model(self, path: str) -> dict[str, Any]:
        kind = self.files[path]["type"] if path in self.files else "directory"
        name = path.rpartition("/")[2]
        return {"name": name, "path": path, "type": kind, "content": None}

    def _folder(self, folder: str) -> dict[str, Any]:
        inside = [
            self._model(path)
            for path in [*self.folders, *self.files]
            if path and path.rpartition("/")[0] == folder and path not in self.hidden
        ]
        return {**self._model(folder), "type": "directory", "content": inside}


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


def _refusal(status: int, message: str) -> Response:
    return _json({"message": message, "reason": None}, status)


class ServerSide:
    """Sends requests as the notebook server does: with a context, below a base URL."""

    def __init__(self, app: Flask, **context: Any) -> None:
        self._client = app.test_client(use_cookies=False)
        self.services: Services = app.extensions[EXTENSION]
        self.context = RequestContext(
            **{"secret": SECRET, "base_url": "/", "origin": "http://hub.test"} | context
        )

    def open(self, method: str, path: str, **options: Any) -> Any:
        headers = options.pop("headers", {}) | {
            CONTEXT_HEADER: self.context.to_header()
        }
        url = self.context.base_url.rstrip("/") + path
        return self._client.open(
            url, method=method, headers=headers, buffered=True, **options
        )

    def get(self, path: str, **options: Any) -> Any:
        return self.open("GET", path, **options)

    def post(self, path: str, **options: Any) -> Any:
        return self.open("POST", path, **options)

    def put(self, path: str, **options: Any) -> Any:
        return self.open("PUT", path, **options)

    def follow(self, url: str) -> Any:
        """Get an absolute URL that the app has returned."""
        parts = urlsplit(url)
        path = parts.path.removeprefix(self.context.base_url.rstrip("/"))
        return self.get(f"{path}?{parts.query}")


def words(page: Any) -> str:
    """Return a page's text as it is without JavaScript."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", page.text)))


def addresses(page: Any) -> list[str]:
    """Return where the links of a page lead."""
    return [html.unescape(url) for url in re.findall(r'href="([^"]*)"', page.text)]
