"""The module that held the handler of publishing: says what does that now."""

from bookstore.replaced import replaced

__all__: list[str] = []
__getattr__ = replaced(
    __name__,
    {
        "BookstorePublishAPIHandler": "PUT /api/bookstore/published/PATH publishes, "
        "with the server extension bookstore_web. From Python: "
        "bookstore.client.BookstoreClient().publish().",
    },
)
