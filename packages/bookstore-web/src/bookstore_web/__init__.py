"""The pages and the API, as a Flask app in gunicorn, and its server extension.

Importing this package imports neither Flask nor tornado: each of the two processes
needs only one of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from bookstore_core.settings import BookstoreSettings
    from bookstore_web.wire import Launch

__all__ = ["create_app"]


def create_app(
    settings: "BookstoreSettings | None" = None, *, launch: "Launch | None" = None
) -> "Flask":
    """Return the Flask app; see `bookstore_web.app.factory.create_app`."""
    from bookstore_web.app.factory import create_app as create

    return create(settings, launch=launch)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "bookstore_web"}]


def _jupyter_server_extension_paths() -> list[dict[str, str]]:
    return [{"module": "bookstore_web"}]


def _jupyter_nbextension_paths() -> list[dict[str, str]]:
    """Name our extensions to ``jupyter nbextension``, for classic and nbclassic."""
    files = {"src": "front/nbextension", "dest": "bookstore"}
    return [
        {**files, "section": "notebook", "require": "bookstore/main"},
        {**files, "section": "tree", "require": "bookstore/tree"},
    ]


def load_jupyter_server_extension(server_app: Any) -> None:
    """Load the extension into a notebook server of either generation."""
    from bookstore_web.server.extension import load_extension

    load_extension(server_app)


_load_jupyter_server_extension = load_jupyter_server_extension
