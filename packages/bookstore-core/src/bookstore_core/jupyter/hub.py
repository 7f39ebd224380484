"""The addresses of JupyterHub, which it sets in the environment of people's servers."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import DELIMITER, check_path

#: The name of the service in the hub's configuration, as docs/deploy.md has it.
SERVICE = "bookstore"

#: The variables with the address of the hub's pages, its host, and its base URL.
_HUB_URL, _HOST = "JUPYTERHUB_PUBLIC_HUB_URL", "JUPYTERHUB_HOST"
BASE = "JUPYTERHUB_BASE_URL"


def hub_url(environment: Mapping[str, str]) -> str:
    """Return where people reach the hub's own pages, with a final slash; "" if unknown.

    JupyterHub 5 sets the address itself; earlier ones the host, if it is configured.
    """
    known, host = environment.get(_HUB_URL, ""), environment.get(_HOST, "")
    if not known and host:
        known = f"{host}{environment.get(BASE) or DELIMITER}hub"
    return f"{known.rstrip(DELIMITER)}/" if known else ""


def service_url() -> str:
    """Return where the hub's service `bookstore` is; empty if it is not known."""
    top = hub_url(os.environ).removesuffix("hub/")
    return f"{top}services/{SERVICE}/" if urlsplit(top).hostname else ""


def token() -> str:
    """Return this server's token for the hub's services; empty if it has none."""
    return os.environ.get("JUPYTERHUB_API_TOKEN", "")


def workspace(prefix: str) -> str:
    """Return the folder of this server's user below `prefix`; `prefix` if nobody's."""
    name = os.environ.get("JUPYTERHUB_USER", "")
    try:
        return check_path(f"{prefix}{DELIMITER}{name}") if name else prefix
    except InvalidRequestError:
        return prefix
