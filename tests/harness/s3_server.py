"""An S3 server: moto behind HTTP, one request at a time, with an optional delay."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import botocore.session
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from harness.serving import STOP_SECONDS

ACCESS_KEY = "AKIATESTTESTTESTTEST"
SECRET_KEY = "test-secret-key"


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Print nothing, to keep the output of tests readable."""


class S3Server:
    """A moto server in a thread. Set `delay` (seconds) to make it slow.

    moto loses versions under concurrent PUTs of one key, so it gets one request at a
    time; delays run in parallel, as in a slow network. A request that waits is done as
    soon as `delay` is set to 0. `answered` counts requests.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.answered = 0
        self._lock = threading.Lock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet
        )
        # A connection that a client keeps alive must not delay the shutdown.
        self._server.daemon_threads = True
        self._client: Any = None
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(STOP_SECONDS,),
            name="s3-server",
            daemon=True,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        begun = time.monotonic()
        while time.monotonic() - begun < self.delay:
            time.sleep(0.01)
        with self._lock:
            self.answered += 1
            return list(self._moto(environ, start_response))

    def client(self) -> Any:
        """Return a client, always the same: making one takes 0.1 s."""
        if self._client is None:
            self._client = s3_client(self.url)
        return self._client

    def make_bucket(self, name: str, *, versioned: bool = True) -> str:
        make_bucket(self.client(), name, versioned=versioned)
        return name

    def settings(self, bucket: str) -> dict[str, str]:
        """Return the traits of BookstoreSettings that reach `bucket` here."""
        return s3_traits(self.url, bucket)


def s3_traits(url: str, bucket: str) -> dict[str, str]:
    return {
        "s3_endpoint_url": url,
        "s3_access_key_id": ACCESS_KEY,
        "s3_secret_access_key": SECRET_KEY,
        "s3_bucket": bucket,
    }


def s3_client(url: str, traits: Mapping[str, str] | None = None) -> Any:
    """Return a client with the keys of the tests, or with those in traits."""
    traits = traits or s3_traits(url, "")
    return botocore.session.get_session().create_client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=traits["s3_access_key_id"],
        aws_secret_access_key=traits["s3_secret_access_key"],
        config=Config(s3={"addressing_style": "path"}),
    )


def make_bucket(client: Any, name: str, *, versioned: bool = True) -> None:
    client.create_bucket(Bucket=name)
    if versioned:
        client.put_bucket_versioning(
            Bucket=name, VersioningConfiguration={"Status": "Enabled"}
        )


def versions_of(client: Any, bucket: str, key: str) -> list[dict[str, Any]]:
    """Return every version of the key, oldest first, each with its Body."""
    found: list[dict[str, Any]] = []
    for page in client.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=key
    ):
        found += [v for v in page.get("Versions", []) if v["Key"] == key]
    for version in found:
        answer = client.get_object(
            Bucket=bucket, Key=key, VersionId=version["VersionId"]
        )
        version["Body"] = answer["Body"].read()
        version["Metadata"] = answer["Metadata"]
    return found[::-1]
