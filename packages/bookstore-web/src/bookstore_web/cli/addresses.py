"""The addresses of pages, for verbs, which have no request that shows the server."""

import os
from collections.abc import Callable

from bookstore_core.jupyter.hub import hub_url
from bookstore_core.jupyter.server_list import running_urls
from bookstore_core.settings import BookstoreSettings
from bookstore_web.server.public_address import public_address
from bookstore_web.sharing.clone import CloneSource

#: What stands for the address of a server that is not known.
UNKNOWN = "http://localhost:8888/"


def address_of(
    source: CloneSource, settings: BookstoreSettings, note: Callable[[str], None]
) -> str:
    """Return the link to the page of a source.

    It begins with `public_url`, or JupyterHub's ``user-redirect``, or the address of a
    notebook server of this user that runs; `note` is called if none does.
    """
    # If the hub has not set its address, it is that of a request, and there is none.
    known = os.environ if hub_url(os.environ) else {}
    begin = public_address(settings.public_url, "", "", known)
    if not begin:
        begin = next(iter(running_urls()), "")
        note(
            "Only who reaches your notebook server can open the link: set "
            "BookstoreSettings.public_url."
            if begin
            else "The link begins with the address of a server that is not running: "
            "set BookstoreSettings.public_url."
        )
    return f"{begin or UNKNOWN}{source.page}"
