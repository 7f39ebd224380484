"""The notebook server extension, for both generations of server.

It adds handlers for bookstore's routes, which start gunicorn at the first request. Also
if no store is configured: the API and the pages say so.
"""

import atexit
import re
from functools import partial
from typing import Any
from weakref import WeakSet

from bookstore_core.jupyter.running_server import settings_of
from bookstore_web.server.address import address_of
from bookstore_web.server.gateway import Gateway
from bookstore_web.server.handlers import Frontier, handler_class
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
    handler = handler_class(app)
    app.web_app.add_handlers(
        ".*$",
        [
            (pattern, handler, {"frontier": frontier, "is_api": is_api})
            for pattern, is_api in routes(app.base_url).items()
        ],
    )


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
