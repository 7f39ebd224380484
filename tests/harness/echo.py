"""A WSGI app behind a notebook server that returns the request it received.

Loaded as a server extension, it replaces the Flask app, with the same handlers,
supervisor and gunicorn. `do` in the query selects another response than the echo.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from harness.notebook_server import TOP, Generation, NotebookServer

Environ = dict[str, Any]
Answer = tuple[str, list[tuple[str, str]], bytes]


#: More than is kept of an answer before it is passed on.
LARGE = bytes(range(256)) * 4096 * 5


def load_jupyter_server_extension(app: Any) -> None:
    from bookstore_web.server.extension import load_extension

    load_extension(app, application="harness.echo:application()")


_load_jupyter_server_extension = load_jupyter_server_extension


def application() -> Callable[[Environ, Any], Iterable[bytes]]:
    # A test makes gunicorn fail at its start by putting this file into HOME.
    assert not Path("~/broken").expanduser().exists(), "broken by the test"
    # This file, a named pipe, makes it wait.
    slow = Path("~/slow").expanduser()
    if slow.exists():
        slow.read_text()
    return serve


def serve(environ: Environ, start_response: Any) -> Iterable[bytes]:
    query = parse_qs(environ["QUERY_STRING"])
    status, headers, body = ANSWERS[query.get("do", ["echo"])[0]](environ)
    start_response(status, headers)
    return [body]


def _echo(environ: Environ) -> Answer:
    from bookstore_web.gunicorn_launched import launch

    body = environ["wsgi.input"].read()
    headers = {k[5:]: v for k, v in environ.items() if k.startswith("HTTP_")}
    echo = {
        "method": environ["REQUEST_METHOD"],
        "uri": environ["RAW_URI"],
        "headers": headers,
        "type": environ.get("CONTENT_TYPE", ""),
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "context": json.loads(headers["X_BOOKSTORE_CONTEXT"]),
        "secret": launch().secret,
        "server_url": launch().server_url,
        "runtime_dir": launch().runtime_dir,
        "pid": os.getpid(),
        "master": os.getppid(),
    }
    return "200 OK", [("Content-Type", "application/json")], json.dumps(echo).encode()


def _teapot(environ: Environ) -> Answer:
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "default-src 'self'"),
        ("Set-Cookie", "one=1"),
        ("Set-Cookie", "two=2"),
        ("Content-Length", "6"),
    ]
    return "418 Short and stout", headers, b"<p>tea"


def _no_content(environ: Environ) -> Answer:
    return "204 No Content", [], b""


def _not_modified(environ: Environ) -> Answer:
    return "304 Not Modified", [("ETag", '"1"')], b""


def _die(environ: Environ) -> Answer:
    os._exit(1)


def _die_once(environ: Environ) -> Answer:
    marker = Path("~/died").expanduser()
    if not marker.exists():
        marker.touch()
        os._exit(1)
    return _echo(environ)


def _large(environ: Environ) -> Answer:
    return "200 OK", [("Content-Length", str(len(LARGE)))], LARGE


def _half(environ: Environ) -> Answer:
    """Promise more than is sent, as a store that breaks off."""
    return "200 OK", [("Content-Length", str(2 * len(LARGE)))], LARGE


def _call_back(environ: Environ) -> Answer:
    """Request the root directory from the notebook server, as a clone does."""
    from bookstore_web.contents.connections import open_pool
    from bookstore_web.gunicorn_launched import launch

    context = json.loads(environ["HTTP_X_BOOKSTORE_CONTEXT"])
    with open_pool(
        launch().server_url, certificate_sha256=launch().certificate_sha256
    ) as pool:
        answer = pool.request(
            "GET",
            f"{context['base_url']}api/contents?content=0",
            headers={
                "Host": environ["HTTP_HOST"],
                "Authorization": context["authorization"],
            },
        )
    text = f"{answer.status} {json.loads(answer.data).get('type')}"
    return "200 OK", [("Content-Type", "text/plain")], text.encode()


ANSWERS: dict[str, Callable[[Environ], Answer]] = {
    "echo": _echo,
    "teapot": _teapot,
    "no-content": _no_content,
    "not-modified": _not_modified,
    "die": _die,
    "die-once": _die_once,
    "call-back": _call_back,
    "large": _large,
    "half": _half,
}


#: Only our extension is enabled; the others make the start slower.
SWITCHED_OFF = {
    "bookstore": False,
    "bookstore_archiver": False,
    "bookstore_web": False,
    "jupyter_lsp": False,
    "jupyter_server_fileid": False,
    "jupyter_server_ydoc": False,
    "jupyterlab_jupytext": False,
    "nbclassic": False,
}
SWITCHES = {
    "classic": "c.NotebookApp.nbserver_extensions",
    "modern": "c.ServerApp.jpserver_extensions",
}


def echo_server(
    generation: Generation,
    home: Path,
    *,
    extension: str = "harness.echo",
    config: str = "",
    environment: dict[str, str] | None = None,
    kind: type[NotebookServer] = NotebookServer,
    **options: Any,
) -> NotebookServer:
    """Return a server with one extension, not started; TMPDIR is below `home`."""
    extensions = {**SWITCHED_OFF, extension: True}
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return kind(
        generation,
        home,
        config=f"{SWITCHES[generation]} = {extensions!r}\n"
        "c.BookstoreSettings.storage = 'local'\n"
        f"c.BookstoreSettings.local_root = {str(home / 'store')!r}\n"
        f"c.BookstoreSettings.spool_dir = {str(home / 'spool')!r}\n"
        f"c.BookstoreSettings.max_notebook_size = 1000000\n{config}",
        environment={
            "PYTHONPATH": str(TOP / "tests"),
            "TMPDIR": str(temporary),
            **(environment or {}),
        },
        **options,
    )
