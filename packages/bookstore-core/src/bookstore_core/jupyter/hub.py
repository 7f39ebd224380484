"""The addresses of JupyterHub, which it sets in the environment of people's servers."""

import os
from urllib.parse import urlsplit

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import DELIMITER, check_path

#: The name of the service in the hub's configuration, as docs/deploy.md has it.
SERVICE = "bookstore"


def service_url() -> str:
    """Return where the hub's service `bookstore` is; empty if it is not known."""
    hub = os.environ.get("JUPYTERHUB_PUBLIC_HUB_URL", "").rstrip("/")
    base = hub.removesuffix("/hub") if hub else ""
    if not base and os.environ.get("JUPYTERHUB_HOST"):
        host = os.environ["JUPYTERHUB_HOST"]
        base = host + os.environ.get("JUPYTERHUB_BASE_URL", "/").rstrip("/")
    return f"{base}/services/{SERVICE}/" if urlsplit(base).hostname else ""


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
