"""How a service knows who asks: from its proxy, or from JupyterHub."""

import logging
from abc import ABC, abstractmethod

from flask import Flask, request
from werkzeug.wrappers import Response

from bookstore_core.errors import (
    ConfigurationError,
    ForbiddenError,
    LoginRequiredError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_web.app.access.people import NOBODY, Kind, Person
from bookstore_web.app.access.policy import Policy
from bookstore_web.app.standalone import (
    SAFE_METHODS,
    TOKEN_ENDPOINTS,
    check_guards,
    check_origin,
    proxy_groups,
    proxy_user,
)

#: What everybody gets, also who has not logged in: it says nothing about anybody.
OPEN_ENDPOINTS = frozenset(
    {"static", "shared.static", "pages.renderers.renderer", "state.healthz"}
)

#: What is about the service, not about notebooks: for admins and other services.
ABOUT_THE_SERVICE = frozenset({"metrics.metrics"})

logger = logging.getLogger(__name__)


class Entry(ABC):
    """Says who sends a request."""

    #: Endpoints besides `OPEN_ENDPOINTS` that need no login.
    open_endpoints: frozenset[str] = frozenset()
    #: The address of the hub's own pages, with final slash; empty if there is no hub.
    hub_url: str = ""

    @abstractmethod
    def who(self) -> Person:
        """Return who sends the request; `NOBODY` if it is not known."""

    def register(self, app: Flask) -> None:  # noqa: B027  # most need no routes
        """Add the routes that this entry needs."""

    def login(self) -> Response | None:
        """Return where a browser goes to log in; None if there is no such page."""
        return None

    def admit(self) -> tuple[Person, Response | None]:
        """Return who sends the request, or an answer to give instead.

        Raises LoginRequiredError if it is not known, and ForbiddenError for a change
        that a page of another site asks a browser for.
        """
        open_endpoints = OPEN_ENDPOINTS | TOKEN_ENDPOINTS | self.open_endpoints
        if request.endpoint in open_endpoints:
            return NOBODY, None
        person = self.who()
        if not person.is_known:
            is_page = request.method in SAFE_METHODS and "text/html" in (
                request.accept_mimetypes.values()
            )
            if is_page and (answer := self.login()) is not None:
                return person, answer
            raise LoginRequiredError(
                "It is not known who you are. Log in, or send a token."
            )
        is_in_charge = person.admin or person.kind is Kind.SERVICE
        if request.endpoint in ABOUT_THE_SERVICE and not is_in_charge:
            raise ForbiddenError("This is for admins and for other services.")
        if person.kind is Kind.BROWSER and request.method not in SAFE_METHODS:
            check_origin()
        return person, None


class HeaderEntry(Entry):
    """The proxy names the user, and their groups if it knows them."""

    def __init__(self, settings: BookstoreSettings) -> None:
        self._settings = settings

    def who(self) -> Person:
        name = proxy_user(self._settings)
        if not name:
            return NOBODY
        return Person(
            name=name,
            groups=proxy_groups(self._settings),
            admin=name in self._settings.admin_users,
            kind=Kind.BROWSER,
        )


def entry_of(settings: BookstoreSettings) -> Entry | None:
    """Return how a standalone app knows who asks; None if it does not.

    Raises ConfigurationError if the settings protect nothing.
    """
    check_guards(settings)
    _check_headers(settings)
    if not settings.has_people:
        if not settings.auth:
            logger.warning(
                "Everybody who reaches this app is one person to it: it does not know "
                "who asks. Set BookstoreSettings.auth to 'hub' or 'header', or to "
                "'none' if this is what you want."
            )
        return None
    Policy(settings).check()
    if "*" in settings.clone_buckets:
        raise ConfigurationError(
            "BookstoreSettings.clone_buckets may not be '*' in a service: a bucket can "
            "have several names, and the rules would not hold. Name the buckets."
        )
    if settings.auth == "header":
        return HeaderEntry(settings)
    # Imported on demand: few apps are services of a hub.
    from bookstore_web.app.access.hub_client import HubClient
    from bookstore_web.app.access.hub_entry import HubEntry

    return HubEntry(settings, HubClient(admins=frozenset(settings.admin_users)))


def _check_headers(settings: BookstoreSettings) -> None:
    if settings.auth == "header" and not settings.proxy_user_header:
        raise ConfigurationError(
            "With BookstoreSettings.auth = 'header', set proxy_user_header to the "
            "header in which the proxy names the user."
        )
    if settings.auth == "hub" and settings.proxy_user_header:
        raise ConfigurationError(
            "With BookstoreSettings.auth = 'hub', JupyterHub says who asks. Leave out "
            "proxy_user_header, or set auth = 'header'."
        )
    if settings.proxy_groups_header and settings.auth != "header":
        raise ConfigurationError(
            "BookstoreSettings.proxy_groups_header counts with auth = 'header' only. "
            "Set that, or leave it out."
        )
