"""The notebook server extension, for both generations of server.

It adds handlers for bookstore's routes, behind which gunicorn starts at the first
request. Where no store is configured it does nothing but say so.
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
    """Load into a running server. `application` is what gunicorn serves."""
    settings = settings_of(app)
    if settings is None or (settings.missing and not settings.fs_cloning_basedir):
        return
    if app in _loaded:
        return  # both as `bookstore` and as `bookstore_web` in the config
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
    """Return the patterns of our paths, and of each whether it is the API's.

    Whole path segments: ``/api/bookstores`` is somebody else's. No group takes a part
    of the path out, so it stays as it came.
    """
    base = re.escape(base_url.rstrip("/"))
    return {
        f"{base}/api/bookstore(?:/.*)?": True,
        f"{base}/bookstore(?:/.*)?": False,
    }
