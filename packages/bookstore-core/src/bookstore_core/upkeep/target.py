"""The other store of a copy, as people write it: ``s3://bucket/prefix`` or a directory.

Its endpoint, region and credentials are those of the settings ``s3_...``, unless
options or the variables ``BOOKSTORE_TO_...`` say otherwise: secrets have no place on a
command line, which others can read.
"""

import os
import re
import shlex
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bookstore_core.clock import utc_now
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    InvalidRequestError,
)
from bookstore_core.paths import DELIMITER, check_path, s3_key
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from bookstore_core.stores.base import VersionStore

S3_SCHEME = "s3://"

#: Variables with the credentials of the bucket that is copied to.
CREDENTIALS = {
    "s3_access_key_id": "BOOKSTORE_TO_ACCESS_KEY_ID",
    "s3_secret_access_key": "BOOKSTORE_TO_SECRET_ACCESS_KEY",
    "s3_session_token": "BOOKSTORE_TO_SESSION_TOKEN",
}

#: What errors of stores name, and what says it of the store that is copied to.
WORDS = {
    "local_root": "--to",
    "s3_bucket": "--to",
    "s3_endpoint_url": "--to-endpoint-url",
    "s3_region_name": "--to-region",
    **CREDENTIALS,
}
_NAMED = re.compile(rf"(?:BookstoreSettings\.)?\b({'|'.join(WORDS)})\b")

#: The command that prepares a store, and the settings that say which.
INIT = "jupyter bookstore init"
_PLACE = ("storage", "local_root", "s3_bucket", "s3_endpoint_url", "s3_region_name")

#: What only saves do.
_OF_SAVES = "; saves wait in the spool meanwhile"


@dataclass(frozen=True)
class Target:
    """A store that is copied to, and its settings.

    A directory gets versions with the times at which they were stored before:
    `stored_at` says when, for the next version that this thread writes.
    """

    store: VersionStore
    settings: BookstoreSettings
    prefix: str = ""
    init: str = INIT
    _moment: threading.local = field(default_factory=threading.local, repr=False)

    def key(self, key: str) -> str:
        """Return the key in this store of what has `key` in the other one."""
        return s3_key(self.prefix, key) if self.prefix else key

    def stored_at(self, moment: datetime) -> None:
        """Write the next version of this thread with this time, if that is possible."""
        self._moment.at = moment

    @contextmanager
    def worded(self) -> Iterator[None]:
        """Let errors of this store name options, and not the settings of the other."""
        try:
            yield
        except BookstoreError as error:
            sentence = str(error).replace(_OF_SAVES, "")
            sentence = _NAMED.sub(lambda known: WORDS[known[1]], sentence)
            error.args = (sentence.replace(INIT, self.init),)
            raise


def open_target(
    place: str,
    settings: BookstoreSettings,
    *,
    endpoint_url: str = "",
    region: str = "",
    environment: Mapping[str, str] = os.environ,
) -> Target:
    """Return the store at a place; the other one has these settings.

    Raises InvalidRequestError for a place that is none, and ConfigurationError if it is
    the other store, or if one of two directories is within the other.
    """
    traits = settings.as_config()
    if place.startswith(S3_SCHEME):
        bucket, _, prefix = place.removeprefix(S3_SCHEME).partition(DELIMITER)
        if not bucket:
            raise InvalidRequestError(f"{place} names no bucket: s3://bucket/prefix.")
        prefix = prefix.strip(DELIMITER)
        prefix = prefix and check_path(prefix, what="prefix")
        known = {
            name: environment.get(name_in) for name, name_in in CREDENTIALS.items()
        }
        if known["s3_access_key_id"]:
            traits |= known
        traits |= {"storage": "s3", "s3_bucket": bucket}
        traits |= {"s3_endpoint_url": endpoint_url} if endpoint_url else {}
        traits |= {"s3_region_name": region} if region else {}
    elif "://" in place or not place:
        raise InvalidRequestError(
            f"{place!a} is neither s3://bucket/prefix nor a directory."
        )
    else:
        prefix = ""
        root = _directory(place)
        traits |= {"storage": "local", "local_root": root, "s3_bucket": ""}
    for name in ("workspace_prefix", "published_prefix"):
        if prefix and traits[name]:
            traits[name] = s3_key(prefix, traits[name])
    init = _init(settings, traits)
    target = _open(BookstoreSettings.from_config(traits), prefix, init)
    first, second = open_store(settings).location, target.store.location
    if first == second or _are_nested(settings, target.settings):
        raise ConfigurationError(
            f"{place} is the store that is copied, or one is within the other. Name "
            "another directory or bucket."
        )
    return target


def _are_nested(first: BookstoreSettings, second: BookstoreSettings) -> bool:
    """Return whether one directory is the other, or within it, also through links."""
    if not first.storage == second.storage == "local":
        return False
    stores = open_store(first), open_store(second)
    places = [Path(os.path.realpath(store.location)) for store in stores]
    return places[0].is_relative_to(places[1]) or places[1].is_relative_to(places[0])


def _directory(place: str) -> str:
    """Return the directory at a place; raises InvalidRequestError if there is none."""
    try:
        path = Path(place).expanduser().absolute()
    except RuntimeError:
        raise InvalidRequestError(f"There is no user of {place!a}.") from None
    if "\0" in place:
        raise InvalidRequestError(f"{place!a} is no directory.")
    return str(path)


def _init(settings: BookstoreSettings, traits: Mapping[str, Any]) -> str:
    """Return the command that prepares another store than that of the settings."""
    options = (
        f"--BookstoreSettings.{name}={traits[name]}"
        for name in _PLACE
        if name == "storage" or traits[name] != getattr(settings, name)
    )
    return shlex.join([*INIT.split(), *options])


def _open(settings: BookstoreSettings, prefix: str, init: str) -> Target:
    if settings.storage != "local":
        return Target(open_store(settings), settings, prefix, init)
    from bookstore_core.stores.local.store import LocalStore

    moment = threading.local()
    store = LocalStore(settings, now=lambda: getattr(moment, "at", None) or utc_now())
    return Target(store, settings, prefix, init, moment)
