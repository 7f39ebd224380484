"""The settings of who saves through a bookstore service, and where it is.

They are settings of `BookstoreSettings`, which has them from here.
"""

from traitlets import Unicode
from traitlets.config import LoggingConfigurable

from bookstore_core.jupyter import hub
from bookstore_core.traits.environment import from_environment
from bookstore_core.traits.service import Secret

#: The values of `storage` for which these count.
SERVICE = ("service",)

NO_SERVICE = (
    "No service is configured. Set BookstoreSettings.service_url (or "
    "JPYNB_SERVICE_URL) to its address."
)


class ClientSettings(LoggingConfigurable):
    """The part of `BookstoreSettings` that counts for `storage = "service"` alone."""

    service_url = Unicode(
        help="Address of the bookstore service, without '/api/...'. Environment "
        "variable JPYNB_SERVICE_URL; default: the service 'bookstore' of the hub.",
    ).tag(config=True, of_store=SERVICE)
    service_token = Secret(
        help="Token for the bookstore service. Environment variables "
        "JPYNB_SERVICE_TOKEN and JUPYTERHUB_API_TOKEN.",
    ).tag(config=True, of_store=SERVICE)

    _service_url = from_environment("service_url", hub.service_url)
    _service_token = from_environment("service_token", hub.token)
