"""Bodies and fields of requests: parsed strictly, so that what is wrong is a 4xx."""

from flask import request

from bookstore_core.errors import TooLargeError

#: Bytes that any body but a notebook may have.
SMALL_BODY = 64 * 1024


def read_body() -> bytes:
    """Return the request's body, or raise TooLargeError over MAX_CONTENT_LENGTH."""
    data = request.get_data(cache=False)
    limit = request.max_content_length
    # A body that came in chunks is cut off at the limit without a word.
    if limit is not None and request.content_length is None and len(data) >= limit:
        raise TooLargeError(f"The body is over {limit} bytes.")
    return data


def read_small_body() -> bytes:
    """Return the request's body, or raise TooLargeError when it is not small.

    The body is read to its end before it is refused: a worker that answers and closes
    early looks like a broken gateway from the other side of a proxy.
    """
    data = read_body()
    if len(data) > SMALL_BODY:
        raise TooLargeError(f"The body is over {SMALL_BODY} bytes.")
    return data
