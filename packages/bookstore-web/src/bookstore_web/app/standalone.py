"""Who asks a standalone app: checks of what the proxy before it sends.

The app authenticates nobody. What a request says about itself is believed if it comes
over a unix socket, which only the proxy may open, or with the proxy's secret.
"""

import hmac
from urllib.parse import urlsplit

from flask import request

from bookstore_core.errors import (
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
)
from bookstore_core.settings import BookstoreSettings

SECRET_HEADER = "X-Bookstore-Proxy-Secret"  # noqa: S105  # the name of the header
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS = {"http": 80, "https": 443}
#: Characters of a user's name.
LONGEST_NAME = 200
#: Settings without which the app must not start.
GUARDS = ("allowed_hosts", "proxy_secret", "proxy_user_header")


def check_guards(settings: BookstoreSettings) -> None:
    """Raise ConfigurationError if a setting that protects the app has a wrong value."""
    for name in GUARDS:
        if name in settings.wrong:
            raise ConfigurationError(settings.wrong[name])


def check_standalone(settings: BookstoreSettings) -> None:
    """Check that the proxy sent the request, and that it comes from our own pages.

    Raises ForbiddenError, and InvalidRequestError for a host that is not allowed.
    """
    if settings.proxy_secret and not _has_secret(settings):
        raise ForbiddenError("This is available through its proxy only.")
    allowed = {name.lower() for name in settings.allowed_hosts}
    if allowed and allowed.isdisjoint(_hosts()):
        raise InvalidRequestError(
            "Bookstore does not serve this host. Its administrator can add it to "
            "BookstoreSettings.allowed_hosts."
        )
    if request.method not in SAFE_METHODS:
        _check_origin()
        if settings.proxy_user_header and not proxy_user(settings):
            raise ForbiddenError(
                f"The proxy named no user in {settings.proxy_user_header}, or not over "
                "a unix socket and without proxy_secret."
            )


def proxy_user(settings: BookstoreSettings) -> str:
    """Return the name of the user if the proxy named one, else an empty string."""
    if not settings.proxy_user_header:
        return ""
    # gunicorn leaves the address empty on a unix socket.
    is_proxy = bool(settings.proxy_secret) or request.remote_addr == ""
    if not is_proxy:
        return ""
    value = request.headers.get(settings.proxy_user_header, "")
    try:
        name = value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return ""
    return name.strip() if name.isprintable() and len(name) <= LONGEST_NAME else ""


def _has_secret(settings: BookstoreSettings) -> bool:
    given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
    return hmac.compare_digest(given, str(settings.proxy_secret).encode())


def _hosts() -> set[str]:
    host = request.host.lower()
    try:
        return {host, urlsplit(f"//{host}").hostname or host}
    except ValueError:
        return {host}


def _check_origin() -> None:
    cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site"
    origin = request.headers.get("Origin")
    if cross_site or (origin is not None and not _is_ours(origin)):
        raise ForbiddenError(
            "The request comes from a page of another site. Open bookstore's own page. "
            "If it is that page: the proxy must pass Host, and X-Forwarded-Proto with "
            "the scheme that browsers use."
        )


def _is_ours(origin: str) -> bool:
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"{request.scheme}://{request.host}")
        port = DEFAULT_PORTS.get(theirs.scheme)
        return (theirs.scheme, theirs.hostname, theirs.port or port) == (
            ours.scheme,
            ours.hostname,
            ours.port or port,
        )
    except ValueError:
        return False
