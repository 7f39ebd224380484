"""The module that held the handlers of cloning: says what does that now."""

from bookstore.replaced import replaced

_ROUTES = (
    "POST /api/bookstore/cloned clones, and GET /bookstore/clone is its page, with the "
    "server extension bookstore_web. From Python: "
    "bookstore.client.BookstoreClient().clone()."
)
_MOUNTED = (
    "POST /api/bookstore/fs-clone clones, and GET /bookstore/fs-clone is its page, "
    "with the server extension bookstore_web."
)
_MODEL = "The server extension bookstore_web makes the models of copies."

__all__: list[str] = []
__getattr__ = replaced(
    __name__,
    {
        "BOOKSTORE_FILE_LOADER": "The server extension bookstore_web has the pages.",
        "BookstoreCloneHandler": _ROUTES,
        "BookstoreCloneAPIHandler": _ROUTES,
        "BookstoreFSCloneHandler": _MOUNTED,
        "BookstoreFSCloneAPIHandler": _MOUNTED,
        "build_file_model": _MODEL,
        "build_notebook_model": _MODEL,
        "validate_relpath": _MOUNTED,
    },
)
