"""Serving a WSGI app in a thread of the test, on a port of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import make_server

#: Seconds between two looks of a server in a thread at whether it shall stop.
STOP_SECONDS = 0.02


@contextmanager
def serving(app: Any, host: str = "127.0.0.1", **options: Any) -> Iterator[str]:
    """Serve an app until the end of the block; yield its URL."""
    server = make_server(host, 0, app, threaded=True, **options)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(
        target=server.serve_forever, args=(STOP_SECONDS,), daemon=True
    )
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
