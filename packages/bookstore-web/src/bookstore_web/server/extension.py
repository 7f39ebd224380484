"""The notebook server extension, for both generations of server.

It adds handlers for bookstore's routes, which start gunicorn at the first request. Also
if no store is configured: the API and the pages say so.
"""

import atexit
import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from weakref import WeakSet

from bookstore_core.jupyter.running_server import settings_of
from bookstore_web.server.address import address_of
from bookstore_web.server.answers.copies import CopyHandler
from bookstore_web.server.answers.drain import DrainHandler
from bookstore_web.server.answers.files import FileHandler
from bookstore_web.server.answers.kinds import KindsHandler
from bookstore_web.server.answers.save_state import SaveStateHandler
from bookstore_web.server.front import (
    FRONT,
    STATIC,
    FrontHandler,
    RendererHandler,
)
from bookstore_web.server.gateway import Gateway
from bookstore_web.server.handlers import Frontier, ProxyHandler, handler_class
from bookstore_web.server.supervisor import APPLICATION, GunicornSupervisor
from bookstore_web.wire import ENVELOPE

_loaded: "WeakSet[Any]" = WeakSet()


def load_extension(app: Any, *, application: str = APPLICATION) -> None:
    """Load the extension into a server; gunicorn serves `application`."""
    settings = settings_of(app)
    if settings is None:
        return
    if app in _loaded:
        return  # enabled both as `bookstore` and as `bookstore_web`
    _loaded.add(app)
    supervisor = GunicornSupervisor(
        settings, partial(address_of, app), log=app.log, application=application
    )
    atexit.register(supervisor.stop)
    frontier = Frontier(
        app, Gateway(supervisor), largest_body=settings.max_notebook_size + ENVELOPE
    )
    app.web_app.add_handlers(
        ".*$", [*_own_routes(app, frontier), *_proxied(app, frontier)]
    )


def _own_routes(app: Any, frontier: Frontier) -> Iterator[Any]:
    """Yield the routes that the notebook server answers without gunicorn."""
    base = re.escape(app.base_url.rstrip("/"))
    state = handler_class(app, SaveStateHandler)
    shared = {"frontier": frontier, "is_api": True}
    yield f"{base}/api/bookstore/save-state", state, shared
    yield f"{base}/api/bookstore/kinds", handler_class(app, KindsHandler), shared
    yield f"{base}/api/bookstore/copy", handler_class(app, CopyHandler), shared
    yield f"{base}/api/bookstore/file", handler_class(app, FileHandler), shared
    yield f"{base}/api/bookstore/drain", handler_class(app, DrainHandler), shared
    yield f"{base}/bookstore/front/(.*)", FrontHandler, {"path": FRONT}
    yield f"{base}/bookstore/static/(.*)", FrontHandler, {"path": STATIC}
    yield f"{base}/bookstore/renderers/(.*)", RendererHandler


def _proxied(app: Any, frontier: Frontier) -> Iterator[Any]:
    handler = handler_class(app, ProxyHandler)
    for pattern, is_api in routes(app.base_url).items():
        yield pattern, handler, {"frontier": frontier, "is_api": is_api}


def routes(base_url: str) -> dict[str, bool]:
    """Return the patterns of our paths, and for each whether it is the API's.

    They match whole path segments, not ``/api/bookstores``. They have no capturing
    groups: the path is passed on as it was sent.
    """
    base = re.escape(base_url.rstrip("/"))
    return {
        f"{base}/api/bookstore(?:/.*)?": True,
        f"{base}/bookstore(?:/.*)?": False,
    }
