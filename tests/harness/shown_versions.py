"""Versions put into the store of a server under test, and seen in a browser."""

import hashlib
import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, BrowserContext

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, new_save_id, open_store, utc_now
from harness.browsing import open_browser
from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer


@contextmanager
def showing(generation: Generation, home: Path) -> Iterator[NotebookServer]:
    """Run a server, below a base URL, whose web app has started."""
    config = extension_lines("bookstore_web") + settings_lines(
        storage="local", local_root=str(home / "store"), spool_dir=str(home / "spool")
    )
    server = NotebookServer(generation, home, config=config, base_url="/user/ann/")
    server.may_hang = generation == "modern"
    with server:
        assert server.request("GET", "api/bookstore").ok  # gunicorn has started
        yield server


def open_unchecked_browser() -> AbstractContextManager[Browser]:
    """Start Chromium without checks that would block requests to this machine."""
    return open_browser("--disable-features=LocalNetworkAccessChecks")


class Listener:
    """A server that a notebook tries to reach: it records connections and requests.

    For a browser, its host differs from that of the notebook server.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.asked: list[str] = []
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            client.settimeout(5)
            with self._counting:
                place = len(self.asked)
                self.asked.append("connected")
            try:
                self.asked[place] = client.recv(65536).decode("latin-1")
                body = b"<title>outside</title>"
                head = f"Content-Type: text/html\r\nContent-Length: {len(body)}"
                client.sendall(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                    + head.encode()
                    + b"\r\n\r\n"
                    + body
                )
            except OSError:
                pass  # a connection opened in advance, without a request

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def store_version(server: NotebookServer, path: str, content: dict[str, Any]) -> str:
    """Put a version into the local store of a server, and return its id."""
    settings = BookstoreSettings(storage="local", local_root=str(server.home / "store"))
    data = json.dumps(content).encode()
    metadata = VersionMetadata(
        save_id=new_save_id(),
        saved_at=utc_now(),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    version = open_store(settings).put(
        f"workspace/{path}", io.BytesIO(data), size=len(data), metadata=metadata
    )
    return version.version_id


def content_url(server: NotebookServer, path: str, version_id: str) -> str:
    """Return the address of the document of a version."""
    query = f"path={quote(path)}&version_id={quote(version_id)}"
    return f"{server.url}/bookstore/view/content?{query}"


def page_url(content: str) -> str:
    """Return the address of our page around the frame."""
    return content.replace("/bookstore/view/content?", "/bookstore/view?")


def watch(context: BrowserContext) -> list[str]:
    """Record the responses to all pages of the browser, and the dialogs they open.

    Requests are not recorded: they include those that the policy blocks.
    """
    seen: list[str] = []
    context.on("response", lambda response: seen.append(response.url))
    context.on("dialog", lambda dialog: seen.append(f"dialog {dialog.message}"))
    return seen


def markdown(source: str, **more: Any) -> dict[str, Any]:
    """Return a cell of Markdown."""
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def code(*bundles: dict[str, Any], source: str = "1") -> dict[str, Any]:
    """Return a cell of code whose outputs have these forms."""
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": data}
        for data in bundles
    ]
    cell = {"cell_type": "code", "metadata": {}, "source": source}
    return cell | {"execution_count": 1, "outputs": outputs}


def notebook_of(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Return a notebook of format 4 with these cells."""
    numbered = [cell | {"id": f"cell-{at}"} for at, cell in enumerate(cells)]
    known = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata}
    return known | {"cells": numbered}
