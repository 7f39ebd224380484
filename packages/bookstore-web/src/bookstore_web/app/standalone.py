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
#: Endpoints that no person asks: their views check a token of their own.
TOKEN_ENDPOINTS = frozenset({"events.take"})
#: What may be around a value, and is no part of it. Other spaces are: without them,
#: the name of one person could be that of another.
SPACE = " \t"
#: Characters of a user's name.
LONGEST_NAME = 200
#: Settings without which the app must not start.
GUARDS = (
    *("allowed_hosts", "proxy_secret", "proxy_user_header", "proxy_groups_header"),
    *("auth", "admin_users", "public_groups", "cookie_secret", "events_token"),
)


def check_guards(settings: BookstoreSettings) -> None:
    """Raise ConfigurationError if a setting that protects the app has a wrong value."""
    for name in GUARDS:
        if name in settings.wrong:
            raise ConfigurationError(settings.wrong[name])


def check_standalone(settings: BookstoreSettings) -> None:
    """Check that the proxy sent the request, and that it comes from our own pages.

    Raises ForbiddenError, and InvalidRequestError for a host that is not allowed.
    """
    check_proxy(settings)
    if request.method not in SAFE_METHODS and request.endpoint not in TOKEN_ENDPOINTS:
        check_origin()
        if settings.proxy_user_header and not proxy_user(settings):
            raise ForbiddenError(
                f"The proxy named no user in {settings.proxy_user_header}, or not over "
                "a unix socket and without proxy_secret."
            )


def check_proxy(settings: BookstoreSettings) -> None:
    """Check that the proxy sent the request, to a host that is allowed.

    Raises ForbiddenError, and InvalidRequestError for another host.
    """
    if settings.proxy_secret and not _has_secret(settings):
        raise ForbiddenError("This is available through its proxy only.")
    allowed = {name.lower() for name in settings.allowed_hosts}
    if allowed and allowed.isdisjoint(_hosts()):
        raise InvalidRequestError(
            "Bookstore does not serve this host. Its administrator can add it to "
            "BookstoreSettings.allowed_hosts."
        )


def proxy_user(settings: BookstoreSettings) -> str:
    """Return the name of the user if the proxy named one, else an empty string."""
    name = _believed(settings, settings.proxy_user_header)
    return name if name.isprintable() and len(name) <= LONGEST_NAME else ""


def proxy_groups(settings: BookstoreSettings) -> frozenset[str]:
    """Return the names of the user's groups, if the proxy named any."""
    names = _believed(settings, settings.proxy_groups_header).split(",")
    groups = (name.strip(SPACE) for name in names)
    return frozenset(name for name in groups if name and name.isprintable())


def _believed(settings: BookstoreSettings, header: str) -> str:
    """Return the value of a header if the proxy has sent it, else an empty string."""
    if not header:
        return ""
    # gunicorn leaves the address empty on a unix socket.
    is_proxy = bool(settings.proxy_secret) or request.remote_addr == ""
    if not is_proxy:
        return ""
    value = request.headers.get(header, "")
    try:
        return value.encode("latin-1").decode("utf-8").strip(SPACE)
    except UnicodeError:
        return ""


def _has_secret(settings: BookstoreSettings) -> bool:
    given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
    return hmac.compare_digest(given, str(settings.proxy_secret).encode())


def _hosts() -> set[str]:
    host = request.host.lower()
    try:
        return {host, urlsplit(f"//{host}").hostname or host}
    except ValueError:
        return {host}


def check_origin() -> None:
    """Raise ForbiddenError if a page of another site sends the request."""
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
