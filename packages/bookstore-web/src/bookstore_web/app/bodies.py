"""Reading the bodies of requests, up to their limits."""

from flask import request

from bookstore_core.errors import TooLargeError

#: The maximum size of all bodies but notebooks, in bytes.
SMALL_BODY = 64 * 1024


def read_body() -> bytes:
    """Return the request's body; raise TooLargeError over MAX_CONTENT_LENGTH."""
    data = request.get_data(cache=False)
    limit = request.max_content_length
    # Flask cuts off a chunked body at the limit without an error.
    if limit is not None and request.content_length is None and len(data) >= limit:
        raise TooLargeError(f"The body is over {limit} bytes.")
    return data


def read_small_body() -> bytes:
    """Return the request's body; raise TooLargeError over 64 KiB.

    A body is read completely before it is refused: if a worker closed the connection
    earlier, a proxy would answer 502.
    """
    data = read_body()
    if len(data) > SMALL_BODY:
        raise TooLargeError(f"The body is over {SMALL_BODY} bytes.")
    return data
