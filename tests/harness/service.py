"""Bookstore services, each in a folder of one server in this process."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from bookstore_core.clock import utc_now
from bookstore_core.settings import BookstoreSettings
from bookstore_web import create_app
from bookstore_web.app.services import EXTENSION
from harness.serving import serving


def after_all_saves() -> datetime:
    """Return the time, or a time after the saves of the tests if it is earlier."""
    return max(utc_now(), datetime(2026, 12, 1, tzinfo=UTC))


class Mounted:
    """Serves apps, each below a path of its own; records the requests."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[str] = []
        self._apps: dict[str, Any] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        name, _, rest = environ["PATH_INFO"].removeprefix("/").partition("/")
        self.requests.append(f"{environ['REQUEST_METHOD']} /{rest}")
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = f"/{name}", f"/{rest}"
        return self._apps[name](environ, start_response)

    def mount(self, app: Any) -> str:
        """Serve a WSGI app; return its URL."""
        name = secrets.token_hex(4)
        self._apps[name] = app
        return f"{self.url}/{name}"

    def service(self, **traits: Any) -> BookstoreSettings:
        """Serve a service with these settings; return those of its clients."""
        app = create_app(BookstoreSettings(clone_buckets=["*"], **traits))
        app.extensions[EXTENSION].clock = after_all_saves
        url = self.mount(app.wsgi_app)
        return BookstoreSettings(storage="service", service_url=url)


@contextmanager
def serving_mounted() -> Iterator[Mounted]:
    """Serve until the end of the block."""
    mounted = Mounted()
    with serving(mounted) as url:
        mounted.url = url
        yield mounted
