"""The settings of a web app on its own: which hosts it serves, and who asks it.

They are settings of `BookstoreSettings`, which has them from here.
"""

from typing import Any

from traitlets import Enum, List, TraitError, Unicode
from traitlets.config import LoggingConfigurable

#: What a wrong value of a setting for the web app on its own means.
NOT_ALONE = "The web app on its own does not start."


class Secret(Unicode[str, str]):
    """Text that is never shown, not even if it is invalid."""

    def error(self, obj: Any, value: Any, error: Any = None, info: Any = None) -> Any:
        """Raise TraitError without the value, which traitlets' own message contains."""
        raise TraitError(f"BookstoreSettings.{self.name} must be a string.")


class ServiceSettings(LoggingConfigurable):
    """The part of `BookstoreSettings` that counts for a web app on its own alone."""

    allowed_hosts = List(
        Unicode(),
        help="Names at which the web app on its own is reached, such as "
        "'books.example.org', with or without a port. Empty: any. Requests to other "
        "names are refused, and links that it returns have one of these.",
    ).tag(config=True, if_wrong=([], NOT_ALONE))
    proxy_secret = Secret(
        help="Text that the proxy before the web app on its own sends in the header "
        "X-Bookstore-Proxy-Secret. If set, requests without it are refused.",
    ).tag(config=True, if_wrong=("", NOT_ALONE))
    proxy_user_header = Unicode(
        help="Header in which that proxy names the user, such as 'X-Forwarded-User'. "
        "It is believed over a unix socket, or with proxy_secret. Empty: nobody is "
        "named.",
    ).tag(config=True, if_wrong=("", NOT_ALONE))

    auth = Enum(
        ["", "none", "header", "hub"],
        "",
        help="How the web app on its own knows who asks. 'hub': JupyterHub. 'header': "
        "proxy_user_header. Then everybody has a workspace of their own. 'none', or "
        "empty: it does not know, and all who reach it are one.",
    ).tag(config=True, if_wrong=("", NOT_ALONE))
    proxy_groups_header = Unicode(
        help="Header in which that proxy names the user's groups, with commas between "
        "them, such as 'X-Forwarded-Groups'. Empty: nobody is in a group.",
    ).tag(config=True, if_wrong=("", NOT_ALONE))
    cookie_secret = Secret(
        help="With auth = 'hub': text that signs the cookies of logins, the same for "
        "all replicas. Empty: one made of the service's JUPYTERHUB_API_TOKEN.",
    ).tag(config=True, if_wrong=("", NOT_ALONE))
    events_token = Secret(
        help="Token with which S3's event notifications are posted to "
        "/api/bookstore/events of the web app on its own, so that search knows what "
        "others store. Empty: they are not taken.",
    ).tag(config=True, if_wrong=("", NOT_ALONE))
    admin_users = List(
        Unicode(),
        help="Names of people who may read everything, with auth = 'header' or 'hub'; "
        "an admin of the hub may, too.",
    ).tag(config=True, if_wrong=([], NOT_ALONE))
    public_groups = List(
        Unicode(),
        help="Groups whose published notebooks everybody may read. What others publish "
        "for their group is for its members.",
    ).tag(config=True, if_wrong=([], NOT_ALONE))
