"""The whole API asked at random, by its own description: no 5xx, nothing undescribed.

What is asked is made by schemathesis, the same at each run. Behind the app are a real
store and the double of a notebook server's contents API.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
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

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version
from bookstore_web import create_app
from bookstore_web.openapi import describe
from bookstore_web.wire import CONTEXT_HEADER, Launch, RequestContext
from harness.notebook_server import notebook
from harness.web_app import SECRET, ContentsDouble

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]

URL = "/api/bookstore/openapi.json"

#: The routes, known before any server runs.
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, found in describe(create_app(BookstoreSettings()))["paths"].items()
    for method, operation in found.items()
}
LABELS = list(OPERATIONS)
TAKING = [
    label
    for label, operation in OPERATIONS.items()
    if operation.keys() & {"parameters", "requestBody"}
]

SETTINGS = settings(
    max_examples=30,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

#: A notebook without a path cannot be published.
NEVER = {"PUT /api/bookstore/publish", "PUT /api/bookstore/published"}

#: What is really there; at random nothing would ever be found.
KNOWN = {
    "s3_bucket": ["bookstore"],
    "s3_key": ["published/a.ipynb", "workspace/work/a.ipynb"],
    "s3_version_id": [""],
    "content": [notebook("1")],
    "type": ["notebook"],
    "path": ["work/a.ipynb"],
    "relpath": ["mounted.ipynb", "sub"],
    "target_path": ["", "sub/", "sub/b.ipynb"],
}


class Asking:
    """The app as a notebook server asks it."""

    def __init__(self, app: Any) -> None:
        self._app = app
        context = RequestContext(secret=SECRET, origin="http://hub.test")
        self._key = "HTTP_" + CONTEXT_HEADER.upper().replace("-", "_")
        self._header = context.to_header()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._app(
            {**environ, self._key: self._header}, start_response
        )
        return answer


@pytest.fixture
def schema(
    launch: Launch,
    tmp_path: Path,
    contents: ContentsDouble,
    put: Callable[..., Version],
) -> Any:
    for key in ("published/a.ipynb", "workspace/work/a.ipynb"):
        put(key, notebook("1"))
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "mounted.ipynb").write_text(json.dumps(notebook("1")))
    contents.folders |= {"sub", "work"}
    known = launch.bookstore_settings()
    known.fs_cloning_basedir = str(mounted)
    schema = schemathesis.openapi.from_wsgi(
        URL, Asking(create_app(known, launch=launch))
    )
    schema.hook("before_generate_query")(_mix_in)
    schema.hook("before_generate_body")(_mix_in)
    schema.hook("before_generate_path_parameters")(_mix_in)
    return schema


def _mix_in(_: Any, strategy: Any) -> Any:
    return strategy.flatmap(_with_known)


def _with_known(fields: Any) -> Any:
    if not isinstance(fields, dict):
        return st.just(fields)
    known = {n: st.sampled_from(KNOWN.get(n, [v])) for n, v in fields.items()}
    mixed = {n: st.just(v) | known[n] for n, v in fields.items()}
    return st.fixed_dictionaries(known) | st.fixed_dictionaries(mixed)


@pytest.mark.parametrize("label", LABELS)
def test_what_the_api_takes_is_answered_as_described(schema: Any, label: str) -> None:
    answers = ask_for(schema, label, GenerationMode.POSITIVE)
    assert 200 in answers or label in NEVER


@pytest.mark.parametrize("label", TAKING)
def test_what_the_api_does_not_take_is_answered_as_described(
    schema: Any, label: str
) -> None:
    assert ask_for(schema, label, GenerationMode.NEGATIVE)


def ask_for(schema: Any, label: str, mode: GenerationMode) -> Counter[int]:
    """Ask for an operation many times; return how often which status came."""
    answers: Counter[int] = Counter()

    @given(schema.find_operation_by_label(label).as_strategy(mode))
    @SETTINGS
    def ask(case: schemathesis.Case) -> None:
        answers[case.call_and_validate(checks=CHECKS).status_code] += 1

    ask()
    return answers


@pytest.mark.parametrize("label", LABELS)
def test_the_edges_of_each_field_are_answered_as_described(
    schema: Any, label: str
) -> None:
    operation = schema.find_operation_by_label(label)
    asked = 0
    for case in schema.iter_coverage_cases(
        operation,
        generation_modes=list(GenerationMode),
        generation_config=GenerationConfig(),
    ):
        if f"{case.method} {case.path}" == label:
            case.call_and_validate(checks=CHECKS)
            asked += 1
    assert asked
