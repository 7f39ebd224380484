"""The address at which other people reach bookstore's pages, for links."""

from collections.abc import Mapping

#: What JupyterHub tells its single-user servers about itself.
_PREFIX = "JUPYTERHUB_SERVICE_PREFIX"
_HUB_URL = "JUPYTERHUB_PUBLIC_HUB_URL"
_HOST = "JUPYTERHUB_HOST"
_BASE = "JUPYTERHUB_BASE_URL"


def public_address(
    public_url: str, origin: str, base_url: str, environment: Mapping[str, str]
) -> str:
    """Return the address of bookstore's pages for others, with a final slash.

    It is the setting `public_url`, else below JupyterHub its ``user-redirect``, which
    opens the page on the server of whoever follows the link, else the address at which
    the caller reaches this server: `origin` and `base_url`.
    """
    if public_url:
        return f"{public_url.rstrip('/')}/"
    if not environment.get(_PREFIX):
        return origin + base_url
    hub = environment.get(_HUB_URL, "")
    if not hub:
        host = environment.get(_HOST) or origin
        hub = f"{host}{environment.get(_BASE) or '/'}hub/"
    return f"{hub.rstrip('/')}/user-redirect/"
