"""The name of a service's bucket, which links and pages show."""

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.service.connection import ServiceConnection

#: By address and token, the names that services of this process have given.
_known: dict[tuple[str, str], str] = {}


def bucket_of(settings: BookstoreSettings) -> str:
    """Return the name of the bucket, which is asked for once in this process.

    Raises what `VersionStore` raises.
    """
    service = settings.service_url, settings.service_token
    if service not in _known:
        _known[service] = ServiceConnection(settings, hurried=True).introduce().bucket
    return _known[service]
