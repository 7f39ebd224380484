"""BookstoreSettings: everything that can be configured, in one traitlets class."""

import os
import re
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from traitlets import Bool, Dict, Enum, Float, Integer, List, TraitError, Unicode
from traitlets import default as default_of
from traitlets import validate as validator_of
from traitlets.config import Config

from bookstore_core.errors import InvalidRequestError
from bookstore_core.jupyter import hub
from bookstore_core.paths import DELIMITER, check_path
from bookstore_core.retention.rules import keep_of
from bookstore_core.traits.client import NO_SERVICE, SERVICE, ClientSettings
from bookstore_core.traits.environment import from_environment
from bookstore_core.traits.service import Secret, ServiceSettings

_MODE = re.compile(r"0?[0-7]?7[0-7]{2}")

#: The values of `storage` for which a setting counts, in its tag `of_store`.
S3, LOCAL = ("s3",), ("local",)
ANY = (*S3, *LOCAL, *SERVICE)

#: The most seconds and threads in a setting; more cannot be used.
MAX_SECONDS = 366 * 86400.0
MAX_THREADS = 1000

DEFAULT_ENDPOINT_URL = "https://s3.amazonaws.com"


class BookstoreSettings(ServiceSettings, ClientSettings):
    """Where versions are kept, and what is allowed.

    Set these in a Jupyter config file (``c.BookstoreSettings.s3_bucket = "..."``), on
    the command line (``--BookstoreSettings.s3_bucket=...``), or by the environment
    variable that a setting's help names, if any. The config file and the command line
    override the environment, and the environment overrides the default.

    `wrong` has a sentence for each setting that had a wrong value, by name. The tags of
    a setting say what happens then: `of_store`, no store of these kinds can be opened;
    `if_wrong`, the value to use instead and a sentence that says so; neither, the
    default is used.
    """

    wrong = Dict(key_trait=Unicode(), value_trait=Unicode())

    storage = Enum(
        list(ANY),
        "s3",
        help="Where versions are kept: 's3' (a versioned bucket), 'local' (the "
        "directory local_root), or 'service' (the bookstore service at service_url).",
    ).tag(config=True, of_store=ANY)
    local_root = Unicode(
        help="Directory of the local store. Default: bookstore/store in Jupyter's "
        "data directory.",
    ).tag(config=True, of_store=LOCAL)
    local_mode = Unicode(
        help="Permission bits of new directories of the local store, as octal digits "
        "such as '0770'; files get the same without the right to execute. Default: "
        "those of the directory above if its set-group-id bit is set, otherwise 0700.",
    ).tag(config=True, of_store=LOCAL)

    workspace_prefix = Unicode(
        help="Prefix of the keys of people's working notebooks. Default: workspace; "
        "with a service, workspace/NAME for the hub's user NAME."
    ).tag(config=True, if_wrong=("", "Saves are not archived."))
    published_prefix = Unicode(
        "published", help="Prefix of the keys of published notebooks."
    ).tag(config=True, if_wrong=("", "Nothing is published."))

    s3_access_key_id = Secret(
        allow_none=True,
        help="Access key id. Leave it unset to use botocore's own search (IAM role, "
        "profile, AWS_* variables). Environment variable JPYNB_S3_ACCESS_KEY_ID.",
    ).tag(config=True, of_store=S3)
    s3_secret_access_key = Secret(
        allow_none=True,
        help="Secret access key. Environment variable JPYNB_S3_SECRET_ACCESS_KEY.",
    ).tag(config=True, of_store=S3)
    s3_session_token = Secret(
        allow_none=True,
        help="Session token of temporary credentials. Environment variable "
        "JPYNB_S3_SESSION_TOKEN.",
    ).tag(config=True, of_store=S3)
    s3_endpoint_url = Unicode(
        help="URL of the S3 service. Environment variable JPYNB_S3_ENDPOINT_URL. "
        f"Default: {DEFAULT_ENDPOINT_URL}."
    ).tag(config=True, of_store=S3)
    s3_region_name = Unicode(
        help="Region of the bucket. Environment variable JPYNB_S3_REGION_NAME. "
        "Default: us-east-1."
    ).tag(config=True, of_store=S3)
    s3_bucket = Unicode(
        help="Name of the versioned bucket. Environment variable JPYNB_S3_BUCKET."
    ).tag(config=True, of_store=ANY)
    s3_addressing_style = Enum(
        ["auto", "path", "virtual"],
        "auto",
        help="How requests name the bucket. 'auto': as botocore does for AWS, and "
        "'path' for any other endpoint.",
    ).tag(config=True)
    s3_server_side_encryption = Enum(
        ["", "AES256", "aws:kms", "aws:kms:dsse"],
        "",
        help="Server-side encryption requested for each version. Empty: the bucket's "
        "default.",
    ).tag(config=True, of_store=S3)
    s3_sse_kms_key_id = Unicode(
        "", help="Key for s3_server_side_encryption = 'aws:kms'."
    ).tag(config=True, of_store=S3)

    max_threads = Integer(
        16, min=1, max=MAX_THREADS, help="How many notebooks are uploaded in parallel."
    ).tag(config=True)
    max_notebook_size = Integer(
        128 * 1024 * 1024,
        min=1,
        help="Largest notebook, in bytes, that is shown, compared, published or "
        "cloned. Larger ones are archived, downloaded and restored all the same.",
    ).tag(config=True)

    enable_s3_cloning = Bool(
        True, help="Whether notebooks can be cloned from the store."
    ).tag(config=True, if_wrong=(False, "Nothing is cloned from the store."))
    clone_buckets = List(
        Unicode(),
        help="Buckets besides s3_bucket from which people may clone; '*' for any.",
    ).tag(config=True, if_wrong=([], "Nothing is cloned from other buckets."))
    fs_cloning_basedir = Unicode(
        "",
        help="Absolute path of a directory from which people may clone by relative "
        "path. Empty: none.",
    ).tag(config=True, if_wrong=("", "Nothing is cloned from a directory."))

    prune_keep = Dict(
        key_trait=Unicode(),
        help="Which versions 'jupyter bookstore prune' keeps if it is given no rules, "
        "such as {'last': 10, 'daily': 30, 'within': '7d'}; also hourly, weekly, "
        "monthly, yearly. Empty: none, and it removes nothing.",
    ).tag(config=True, if_wrong=({}, "Nothing is pruned without rules."))

    public_url = Unicode(
        "",
        help="Address at which other people reach bookstore, for links, such as "
        "'https://hub.example.org/hub/user-redirect/'. Empty: JupyterHub's "
        "user-redirect, or the address of the notebook server itself.",
    ).tag(config=True)

    catalogue_url = Secret(
        "",
        help="Database of the catalogue, for search: 'sqlite:////absolute/path', or "
        "'postgresql+psycopg://user@host/name', which several processes and machines "
        "may share. Default: a file of SQLite for this account and store, in the "
        "directory for temporary files.",
    ).tag(config=True)

    spool_dir = Unicode(
        help="Directory where saves wait for upload. Default: bookstore/spool in "
        "Jupyter's data directory.",
    ).tag(config=True)
    skip_unchanged = Bool(
        False,
        help="Do not make a new version if the content is that of the newest version.",
    ).tag(config=True)
    min_interval = Float(
        0.0,
        min=0.0,
        max=MAX_SECONDS,
        help="Seconds in which at most one version of a notebook is made; its newest "
        "content is always kept. 0: every save is a version.",
    ).tag(config=True)
    late_after = Float(
        60.0,
        min=0.0,
        max=MAX_SECONDS,
        help="Seconds after which the notebook warns about saves that have not reached "
        "the store.",
    ).tag(config=True)
    web_idle_after = Float(
        600.0,
        min=0.0,
        max=MAX_SECONDS,
        help="Seconds without a request after which a notebook server ends the process "
        "of the web app; the next request starts it again. 0: never.",
    ).tag(config=True)
    shutdown_timeout = Float(
        5.0,
        min=0.0,
        max=MAX_SECONDS,
        help="Seconds that a stopping notebook server waits for uploads. The remaining "
        "saves are uploaded at the next start.",
    ).tag(config=True)

    @default_of("local_root")
    def _local_root_default(self) -> str:
        return str(Path(jupyter_data_dir()) / "bookstore" / "store")

    @default_of("spool_dir")
    def _spool_dir_default(self) -> str:
        return str(Path(jupyter_data_dir()) / "bookstore" / "spool")

    _access_key = from_environment("s3_access_key_id")
    _secret = from_environment("s3_secret_access_key")
    _session = from_environment("s3_session_token")
    _endpoint = from_environment("s3_endpoint_url", lambda: DEFAULT_ENDPOINT_URL)
    _region = from_environment("s3_region_name", lambda: "us-east-1")
    _bucket = from_environment("s3_bucket", str)

    @default_of("workspace_prefix")
    def _workspace_prefix_default(self) -> str:
        served = self.storage == "service"
        return hub.workspace("workspace") if served else "workspace"

    @validator_of("local_root", "spool_dir", "fs_cloning_basedir")
    def _expand_directory(self, proposal: Any) -> str:
        value: str = proposal["value"]
        if not value:
            return value
        try:
            path = Path(value).expanduser()
            usable = path.is_absolute() and b"\0" not in os.fsencode(path)
        except (RuntimeError, ValueError):  # no such user; no name of a file
            usable = False
        if not usable:
            raise TraitError(
                f"BookstoreSettings.{proposal['trait'].name} must be an absolute path, "
                f"not {value!r}."
            )
        return str(path)

    @validator_of("min_interval", "late_after", "web_idle_after", "shutdown_timeout")
    def _check_seconds(self, proposal: Any) -> float:
        value: float = proposal["value"]
        if value != value:  # not a number
            raise TraitError(
                f"BookstoreSettings.{proposal['trait'].name} must be a number of "
                "seconds."
            )
        return value

    @validator_of("public_url", "service_url")
    def _check_url(self, proposal: Any) -> str:
        value: str = proposal["value"]
        if value and not re.fullmatch(r"https?://[^\s?#]+", value):
            raise TraitError(
                f"BookstoreSettings.{proposal['trait'].name} must be an address that "
                f"begins with https:// or http://, not {value!r}."
            )
        return value

    @validator_of("prune_keep")
    def _check_rules(self, proposal: Any) -> Any:
        try:
            keep_of(proposal["value"])
        except InvalidRequestError as error:
            raise TraitError(f"BookstoreSettings.prune_keep: {error}") from None
        return proposal["value"]

    @validator_of("local_mode")
    def _check_mode(self, proposal: Any) -> str:
        value: str = proposal["value"]
        if value and not _MODE.fullmatch(value):
            raise TraitError(
                "BookstoreSettings.local_mode must be octal digits such as '0770', "
                f"with all rights for the owner, not {value!r}."
            )
        return value

    @validator_of("workspace_prefix", "published_prefix")
    def _check_prefix(self, proposal: Any) -> str:
        value: str = proposal["value"]
        if value.strip(DELIMITER):
            try:
                check_path(value, what="prefix")
            except InvalidRequestError as error:
                name = proposal["trait"].name
                raise TraitError(f"BookstoreSettings.{name}: {error}") from None
        return value

    @property
    def bucket(self) -> str:
        """Name of the bucket; `bookstore` for a local store if none is set.

        That of a service is asked for, once; this raises what `VersionStore` raises.
        """
        if self.storage == "service":
            from bookstore_core.stores.service.bucket import bucket_of

            return bucket_of(self)
        if self.storage == "local":
            return self.s3_bucket or "bookstore"
        return self.s3_bucket

    @property
    def has_people(self) -> bool:
        """Whether everybody has folders of their own on the shelves."""
        return self.auth in {"header", "hub"} or self.storage == "service"

    def counts_for_store(self, name: str) -> bool:
        """Return whether no store can be opened if the setting `name` is wrong."""
        kinds = self.trait_metadata(name, "of_store", ())
        return bool(kinds) and ("storage" in self.wrong or self.storage in kinds)

    @property
    def _wrong_of_store(self) -> str:
        for name, sentence in self.wrong.items():
            if self.counts_for_store(name):
                return str(sentence)
        return ""

    @property
    def missing(self) -> str:
        """What must be set before versions can be stored, as a sentence, else empty."""
        if sentence := self._wrong_of_store:
            return sentence
        if self.storage == "local":
            return "" if self.local_root else "BookstoreSettings.local_root is empty."
        if self.storage == "service":
            return "" if self.service_url else NO_SERVICE
        if not self.s3_bucket:
            return (
                "No store is configured. Set BookstoreSettings.s3_bucket (or "
                "JPYNB_S3_BUCKET), or BookstoreSettings.storage = 'local'."
            )
        if not self.s3_endpoint_url:
            return "BookstoreSettings.s3_endpoint_url is empty."
        return ""

    @property
    def unarchived(self) -> str:
        """Why no save is archived, as a sentence; empty if they are, or could be.

        Saves whose store has a wrong setting wait in the spool, and those without a
        key, because `workspace_prefix` is wrong, are listed as unprotected.
        """
        if self._wrong_of_store:
            return ""
        if self.missing or "workspace_prefix" in self.wrong:
            return self.missing
        if not self.workspace_prefix.strip(DELIMITER):
            return (
                "BookstoreSettings.workspace_prefix is empty: saves are not archived. "
                "Set it to the prefix of people's working notebooks."
            )
        return ""

    def disable(self, wrong: dict[str, str]) -> None:
        """Disable what these settings are about; `wrong` has a sentence for each."""
        for name in wrong:
            if instead := self.trait_metadata(name, "if_wrong"):
                setattr(self, name, instead[0])
        self.wrong = dict(wrong)

    def as_config(self) -> dict[str, Any]:
        """Return every configurable trait and `wrong` with its value, also secrets.

        It is for passing the settings to a child process over a private channel;
        `from_config` reads it there.
        """
        names = [*self.trait_names(config=True), "wrong"]
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, traits: dict[str, Any]) -> "BookstoreSettings":
        """Return the settings that `as_config` returned as a dict."""
        traits = dict(traits)
        wrong = traits.pop("wrong", {})
        return cls(config=Config({"BookstoreSettings": traits}), wrong=wrong)


def validate_bookstore(settings: BookstoreSettings) -> dict[str, bool]:
    """Return which features the settings make possible.

    The five flags are those of ``GET /api/bookstore``: `bookstore_valid`,
    `archive_valid`, `publish_valid`, `s3_clone_valid` and `fs_clone_valid`. Only the
    settings are read; the store is not contacted.
    """
    general = not settings.missing
    return {
        "bookstore_valid": general,
        "archive_valid": general and settings.workspace_prefix.strip(DELIMITER) != "",
        "publish_valid": general and settings.published_prefix.strip(DELIMITER) != "",
        "s3_clone_valid": general and settings.enable_s3_cloning,
        "fs_clone_valid": settings.fs_cloning_basedir != "",
    }
