"""The server extension, under its documented import name."""

from bookstore import load_jupyter_server_extension
from bookstore._version import __version__ as version
from bookstore.replaced import replaced

__all__ = ["load_jupyter_server_extension", "version"]

_EXTENSION = (
    "Its routes are those of the server extension bookstore_web: enable that, or call "
    "load_jupyter_server_extension."
)

__getattr__ = replaced(
    __name__,
    {
        "BookstoreVersionHandler": f"GET /api/bookstore answers the same. {_EXTENSION}",
        "build_settings_dict": "Ask GET /api/bookstore, or call "
        "bookstore.bookstore_config.validate_bookstore.",
        "collect_handlers": _EXTENSION,
    },
)
