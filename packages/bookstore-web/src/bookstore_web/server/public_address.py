"""The address at which other people reach bookstore's pages, for links."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from bookstore_core.jupyter.hub import BASE, hub_url

#: Set by JupyterHub: where its proxy serves this server, and where it must listen.
_PREFIX = "JUPYTERHUB_SERVICE_PREFIX"
_OWN_URL = "JUPYTERHUB_SERVICE_URL"
_ANY, _LOOPBACK = {"0.0.0.0", "::", None}, {"127.0.0.1", "::1", "localhost"}  # noqa: S104


def public_address(
    public_url: str, origin: str, base_url: str, environment: Mapping[str, str]
) -> str:
    """Return the address of bookstore's pages for others, with a final slash.

    It is the setting `public_url`, else below JupyterHub its ``user-redirect``, which
    opens the page on the server of whoever follows the link, else the address at which
    the caller reaches this server: `origin` and `base_url`. That is also the answer to
    a caller who has not come through the hub's proxy, such as a kernel of this server,
    if the hub has not set where it is.
    """
    if public_url:
        return f"{public_url.rstrip('/')}/"
    if not environment.get(_PREFIX):
        return origin + base_url
    hub = hub_url(environment)
    if not hub:
        if _is_own(origin, environment.get(_OWN_URL, "")):
            return origin + base_url
        hub = f"{origin}{environment.get(BASE) or '/'}hub/"
    return f"{hub}user-redirect/"


def _is_own(origin: str, own_url: str) -> bool:
    """Return whether an origin is where this server itself listens."""
    try:
        given, own = urlsplit(origin), urlsplit(own_url)
        if given.port is None or given.port != own.port:
            return False
    except ValueError:
        return False
    everywhere = own.hostname in _ANY and given.hostname in _LOOPBACK
    return everywhere or given.hostname == own.hostname
