"""Random requests to the whole API: every answer is described, and none is a 5xx.

Schemathesis generates them from the API's description, the same in each run. The app
uses a real store and the double of a notebook server's contents API.
"""

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from bookstore_core.authors import author
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import (
    Label,
    Version,
    VersionMetadata,
    VersionStore,
    new_save_id,
    open_store,
    utc_now,
)
from bookstore_web import create_app
from bookstore_web.app.api.openapi import describe
from bookstore_web.wire import CONTEXT_HEADER, Launch, RequestContext
from harness.notebook_server import notebook
from harness.s3_server import S3Server
from harness.web_app import SECRET, ContentsDouble

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]

URL = "/api/bookstore/openapi.json"

#: The routes that an app of a notebook server has, known before any server runs.
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, found in describe(create_app(BookstoreSettings()))["paths"].items()
    for method, operation in found.items()
    if path != "/api/bookstore/events"
}
LABELS = list(OPERATIONS)
TAKING = [
    label
    for label, operation in OPERATIONS.items()
    if operation.keys() & {"parameters", "requestBody"}
]

#: Those that have more than a path, which may be any text.
LIMITED = [label for label in TAKING if not label.startswith("DELETE ")]

#: Those that use the store, each once.
STORED = [
    label for label in TAKING if not re.search("fs-clone|publish|POST .*/clone$", label)
]

SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

#: A notebook without a path cannot be published, or unpublished.
NEVER = {
    f"{method} /api/bookstore/{name}"
    for method in ("PUT", "DELETE")
    for name in ("publish", "published")
}

#: What exists; random values would never find anything.
KNOWN = {
    "s3_bucket": ["bookstore"],
    "s3_key": ["published/a.ipynb", "workspace/work/a.ipynb"],
    "s3_version_id": [""],
    "path": ["work/a.ipynb"],
    "content": [notebook("1")],
    "type": ["notebook"],
    "relpath": ["mounted.ipynb", "sub"],
    "target_path": ["", "sub/", "sub/b.ipynb"],
    "version_id": ["@0", "@1", "first", ""],
    "base": ["", "@1", "first"],
    "remote": ["", "@0", "file"],
    "base_path": ["", "work/a.ipynb"],
    "remote_path": ["", "work/a.ipynb"],
    "version_path": ["", "work/a.ipynb"],
    "sha256": [""],
    "name": ["first", "before refactor", ""],
    "prefix": ["", "work"],
    "q": ["", "a", "first"],
    "cursor": [""],
    "shelf": ["workspace"],
}


#: Characters that XML cannot contain: the double of S3 answers 500, S3 does not.
UNSAID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Asking:
    """The app, with the requests of a notebook server."""

    def __init__(self, app: Any) -> None:
        self._app = app
        context = RequestContext(secret=SECRET, origin="http://hub.test", archives=True)
        self._key = "HTTP_" + CONTEXT_HEADER.upper().replace("-", "_")
        self._header = context.to_header()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._app(
            {**environ, self._key: self._header}, start_response
        )
        return answer


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    server.make_bucket("bookstore")
    yield server
    server.stop()


@pytest.fixture
def schema(launch: Launch, tmp_path: Path, contents: ContentsDouble) -> Any:
    """The app's description, with the app itself, over a local store."""
    traits = {"fs_cloning_basedir": str(tmp_path / "mounted")}
    return describe_app(launch, contents, traits)


@pytest.fixture
def s3_schema(
    s3_server: S3Server, launch: Launch, tmp_path: Path, contents: ContentsDouble
) -> Any:
    """The same over S3."""
    empty(s3_server, "bookstore")
    mounted = {"fs_cloning_basedir": str(tmp_path / "mounted")}
    traits = {"storage": "s3", **mounted, **s3_server.settings("bookstore")}
    return describe_app(launch, contents, traits)


def describe_app(
    launch: Launch, contents: ContentsDouble, traits: dict[str, str]
) -> Any:
    settings = BookstoreSettings.from_config(launch.settings | traits)
    fill(settings, contents)
    app = Asking(create_app(settings, launch=launch))
    return schemathesis.openapi.from_wsgi(URL, app)


def empty(s3_server: S3Server, bucket: str) -> None:
    client = s3_server.client()
    found = client.list_object_versions(Bucket=bucket)
    for entry in found.get("Versions", []):
        key, version_id = entry["Key"], entry["VersionId"]
        client.delete_object(Bucket=bucket, Key=key, VersionId=version_id)


def fill(settings: BookstoreSettings, contents: ContentsDouble) -> None:
    """Store what `KNOWN` names."""
    store = open_store(settings)
    put(store, "published/work/a.ipynb", notebook("1"))  # for DELETE
    for key in ("published/a.ipynb", "workspace/work/a.ipynb"):
        first = put(store, key, notebook("1"))
        put(store, key, notebook("1", "2"))
        store.set_label(key, first.version_id, Label("first", "of all"))
    mounted = Path(settings.fs_cloning_basedir)
    mounted.mkdir()
    (mounted / "mounted.ipynb").write_text(json.dumps(notebook("1")))
    contents.folders |= {"sub", "work"}
    contents.files["work/a.ipynb"] = {
        "type": "notebook",
        "format": "json",
        "content": notebook("1", "2", "3"),
    }


def put(store: VersionStore, key: str, content: dict[str, Any]) -> Version:
    data = json.dumps(content).encode()
    metadata = VersionMetadata(
        save_id=new_save_id(),
        saved_at=utc_now(),
        author=author(),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    return store.put(key, io.BytesIO(data), size=len(data), metadata=metadata)


def put_known(case: schemathesis.Case, data: st.DataObject, share: str) -> None:
    """Replace all or some random fields by what exists."""
    if share == "all" and case.path.endswith("/restore"):
        # It takes one of two fields, and at random there is seldom just one.
        case.body["version_id"] = case.body["sha256"] = ""
    for fields in (case.query, case.body, case.path_parameters):
        for name in fields if isinstance(fields, dict) else ():
            if name in KNOWN and (share == "all" or data.draw(st.booleans())):
                fields[name] = data.draw(st.sampled_from(KNOWN[name]))


def leave_out(case: schemathesis.Case, unsaid: re.Pattern[str]) -> None:
    """Remove characters from all fields."""
    for fields in (case.query, case.body, case.path_parameters):
        for name in fields if isinstance(fields, dict) else ():
            if isinstance(fields[name], str):
                fields[name] = unsaid.sub("", fields[name])


@pytest.mark.parametrize("label", LABELS)
def test_valid_requests_are_answered_as_described(schema: Any, label: str) -> None:
    answers = ask_for(schema, label, times=25)
    assert 200 in answers or label in NEVER


@pytest.mark.parametrize("label", STORED)
def test_valid_requests_are_answered_as_described_with_s3(
    s3_schema: Any, label: str
) -> None:
    answers = ask_for(s3_schema, label, times=15)
    assert 200 in answers


def ask_for(schema: Any, label: str, *, times: int) -> Counter[int]:
    """Call an operation many times; return how often each status was returned."""
    answers: Counter[int] = Counter()

    @given(
        schema.find_operation_by_label(label).as_strategy(),
        st.sampled_from(["all", "some", "none"]),
        st.data(),
    )
    @settings(SETTINGS, max_examples=times)
    def ask(case: schemathesis.Case, share: str, data: st.DataObject) -> None:
        leave_out(case, UNSAID)
        if share != "none":
            put_known(case, data, share)
        answers[case.call_and_validate(checks=CHECKS).status_code] += 1

    ask()
    return answers


@pytest.mark.parametrize("label", LIMITED)
def test_requests_that_the_description_forbids_are_refused(
    schema: Any, label: str
) -> None:
    operation = schema.find_operation_by_label(label)

    @given(operation.as_strategy(GenerationMode.NEGATIVE))
    @settings(SETTINGS, max_examples=25)
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=[*CHECKS, checks.negative_data_rejection])

    ask()


@pytest.mark.parametrize("label", LABELS)
def test_the_edges_of_each_field_are_answered_as_described(
    schema: Any, label: str
) -> None:
    operation = schema.find_operation_by_label(label)
    refusals = [checks.negative_data_rejection, checks.unsupported_method]
    asked = 0
    for case in schema.iter_coverage_cases(
        operation,
        generation_modes=list(GenerationMode),
        generation_config=GenerationConfig(),
    ):
        case.call_and_validate(checks=[*CHECKS, *refusals])
        asked += 1
    assert asked
