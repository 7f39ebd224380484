"""The client of botocore for S3, made to suit compatible servers as well."""

import base64
import gzip
import hashlib
import io
import json
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore
import botocore.exceptions as failures
import botocore.session
from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader, create_loader

from bookstore_core import __version__
from bookstore_core.settings import DEFAULT_ENDPOINT_URL, BookstoreSettings
from bookstore_core.stores.s3.credentials import (
    are_set,
    explained,
    find_credentials,
    renew_credentials,
)
from bookstore_core.stores.timeouts import Timeouts

#: The pool keeps connections for so many parallel callers (the threads of the web
#: app), each with as many threads as an uploader has, and some more.
ASKERS = 4
SPARE_CONNECTIONS = 4

#: In this region, buckets are created without a location constraint.
DEFAULT_REGION = "us-east-1"

#: Hosts of AWS, whose S3 knows the checksums that botocore adds by default.
AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")

#: Failures that are about AWS's own files, even if our settings have credentials.
ABOUT_CREDENTIALS = (
    failures.ProfileNotFound,
    failures.ConfigParseError,
    failures.PartialCredentialsError,
)

#: Services whose addresses may be needed: S3, and those that give out credentials.
SERVICES = ("s3", "sts", "portal.sso", "oidc", "signin")

#: How much of a stream is hashed at once, in bytes.
CHUNK = 1024 * 1024


def new_client(settings: BookstoreSettings, timeouts: Timeouts) -> Any:
    """Return a new botocore client for S3.

    Our settings alone decide the endpoint and the retries: AWS_ENDPOINT_URL and the
    retry settings in AWS's files are ignored. Credentials may come from there.

    Raises CredentialsError or StorageUnavailableError if there are no credentials, and
    BotoCoreError or ValueError if no client can be made with the settings.
    """
    session = botocore.session.Session()
    # For the services that give out credentials.
    session.set_default_client_config(
        Config(
            connect_timeout=timeouts.connect,
            read_timeout=timeouts.read,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
    )
    found = None
    if not are_set(settings):
        found = find_credentials(session, settings.s3_region_name)
        renew_credentials(session, found)
    client = _make_client(session, settings, _config(settings, timeouts))
    events = client.meta.events
    if found is not None:
        renew = partial(renew_credentials, session, found)
        events.register_first("before-call.s3", lambda **_: renew())
    events.register_first("needs-retry.s3", _follow_no_blind_redirect)
    events.register_last("before-call.s3.PutObject", _send_at_once)
    if not is_aws(settings):
        events.register_last("before-call.s3", _add_md5)
    return client


@cache
def loader_of(data_path: str | None) -> Loader:
    """Return a loader of botocore's data, for all clients of this process.

    They share what it has loaded.
    """
    loader = create_loader(data_path)
    loader.file_loader = _LeanFiles()
    return loader


class _LeanFiles(JSONFileLoader):  # type: ignore[misc]
    """Reads botocore's data without what is not needed here: 10 MB of memory."""

    def load_file(self, file_path: str) -> Any:
        """Return the data in a file, whose name is given without its ending."""
        lean = None
        if Path(file_path).name == "endpoints":
            lean = _with_few_services
        elif Path(file_path).name.startswith("service-"):
            lean = _undocumented
        for name, open_file in ((".json", open), (".json.gz", gzip.open)):
            if Path(file_path + name).is_file():
                with open_file(file_path + name, "rb") as file:
                    return json.loads(file.read(), object_hook=lean)
        return None


def _with_few_services(found: dict[str, Any]) -> dict[str, Any]:
    services = found.get("services")
    if isinstance(services, dict):
        found["services"] = {n: services[n] for n in SERVICES if n in services}
    return found


def _undocumented(found: dict[str, Any]) -> dict[str, Any]:
    if isinstance(found.get("documentation"), str):
        found["documentation"] = ""  # botocore reads some of them
    return found


def _config(settings: BookstoreSettings, timeouts: Timeouts) -> Config:
    style = settings.s3_addressing_style
    if _endpoint(settings) and style == "auto":
        style = "path"
    # Other servers than S3 may refuse the checksums that botocore adds by default.
    checksums = "when_supported" if is_aws(settings) else "when_required"
    return Config(
        connect_timeout=timeouts.connect,
        read_timeout=timeouts.read,
        max_pool_connections=settings.max_threads * ASKERS + SPARE_CONNECTIONS,
        # botocore would repeat a PUT whose answer was lost, and write it twice.
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3={"addressing_style": style, "use_accelerate_endpoint": False},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
        ignore_configured_endpoint_urls=True,
        # botocore builds its own for each request, a twelfth of the time of a PUT.
        user_agent=f"bookstore/{__version__} botocore/{botocore.__version__}",
        tcp_keepalive=True,
    )


def _make_client(session: Any, settings: BookstoreSettings, config: Config) -> Any:
    try:
        loader = loader_of(session.get_config_variable("data_path"))
        session.register_component("data_loader", loader)
        return session.create_client(
            "s3",
            region_name=settings.s3_region_name or None,
            endpoint_url=_endpoint(settings),
            aws_access_key_id=settings.s3_access_key_id or None,
            aws_secret_access_key=settings.s3_secret_access_key or None,
            aws_session_token=settings.s3_session_token or None,
            config=config,
        )
    except ABOUT_CREDENTIALS:
        with explained(session):
            raise


def _endpoint(settings: BookstoreSettings) -> str | None:
    """Return the address in the settings; None if botocore chooses it by region."""
    url = settings.s3_endpoint_url.rstrip("/")
    return None if url == DEFAULT_ENDPOINT_URL else url


def is_aws(settings: BookstoreSettings) -> bool:
    """Return whether the settings name AWS's own S3."""
    host = urlsplit(settings.s3_endpoint_url).hostname or ""
    return host.endswith(AWS_DOMAINS)


def new_bucket(settings: BookstoreSettings) -> dict[str, Any]:
    """Return the parameters, besides the name, of a request that makes a bucket."""
    region = settings.s3_region_name
    if not region or region == DEFAULT_REGION:
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _send_at_once(params: dict[str, Any], **_: Any) -> None:
    # botocore wraps bytes in a stream, and sends `Expect: 100-continue` for streams:
    # one more round trip for content that fits into the first packet.
    body = params.get("body")
    if isinstance(body, io.BytesIO):
        params["body"] = body.getvalue()
        params["headers"].pop("Expect", None)


def _add_md5(params: dict[str, Any], model: Any, **_: Any) -> None:
    # Every S3 server knows Content-MD5. Some require it for labels, and buckets with
    # Object Lock require some checksum for each object, also for an empty one.
    body = params.get("body") or b""
    has_body = body or model.name == "PutObject"
    if not has_body or "Content-MD5" in params["headers"]:
        return
    digest = hashlib.md5(usedforsecurity=False)
    if isinstance(body, (bytes, bytearray)):
        digest.update(body)
    else:
        start = body.tell()
        while chunk := body.read(CHUNK):
            digest.update(chunk)
        body.seek(start)
    params["headers"]["Content-MD5"] = base64.b64encode(digest.digest()).decode("ascii")


def _follow_no_blind_redirect(
    request_dict: dict[str, Any], response: Any, **_: Any
) -> None:
    # botocore asks for the region of a redirect that names none, is redirected again,
    # and so on, until Python's stack is full.
    answer = response[1] if response else {}
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if "x-amz-bucket-region" in headers or answer.get("Error", {}).get("Region"):
        return
    request_dict["context"].setdefault("s3_redirect", {})["redirected"] = True
