"""Logs as JSON: one line for each record, and no secrets in it."""

import json
import logging
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bookstore_web.json_logs import JsonFormatter, access_of, without_secrets


def line_of(message: str, *args: object, **members: Any) -> str:
    record = logging.LogRecord(
        "bookstore_web", logging.ERROR, "", 0, message, args, None
    )
    record.created = 1_800_000_000.5
    vars(record).update(members)
    return JsonFormatter().format(record)


def test_a_record_is_one_line_whatever_is_in_it() -> None:
    line = line_of("two\nlines of %s\u2028", "Ünal")
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.500Z",
        "level": "error",
        "logger": "bookstore_web",
        "message": "two\nlines of Ünal\u2028",
    }


def test_an_error_has_its_traceback_without_secrets() -> None:
    try:
        raise ValueError("https://ann:pass@host/?token=sesame")
    except ValueError:
        line = line_of("failed", exc_info=sys.exc_info())
    traceback = json.loads(line)["traceback"]
    assert traceback.endswith("ValueError: https://...@host/?token=...")


@pytest.mark.parametrize(
    "text",
    [
        "GET /bookstore/?token=sesame&q=1",
        "GET /oauth_callback?code=sesame&state=sesame",
        "http://s3/b?X-Amz-Signature=sesame&X-Amz-Credential=sesame",
        "http://s3/b?X-Amz-Security-Token=sesame",
        "/?_xsrf=sesame",
        "{'Authorization': 'token sesame123456'}",
        "Authorization: Bearer sesame123456",
        'secret_key="sesame"',
        "postgresql://ann:sesame@db/books",
    ],
)
def test_values_that_may_be_secrets_are_left_out(text: str) -> None:
    assert "sesame" not in without_secrets(text)


@pytest.mark.parametrize(
    "text", ["The token is missing.", "/bookstore/view?path=a&version_id=@3", "a=b"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert without_secrets(text) == text


def access(environ: dict[str, Any], path: str | None = None) -> dict[str, Any]:
    answer = SimpleNamespace(status="404 Not Found", sent=7)
    return access_of(answer, SimpleNamespace(path=path), environ, timedelta(seconds=2))


def test_an_access_says_who_asked_for_which_path() -> None:
    who = SimpleNamespace(user="ann")
    environ = {"REQUEST_METHOD": "GET", "bookstore.context": who, "REMOTE_ADDR": ""}
    assert access(environ, "/b") == {
        "method": "GET",
        "path": "/b",
        "status": 404,
        "duration": 2.0,
        "bytes": 7,
        "user": "ann",
        "client": "",
    }


def test_an_access_without_a_parsed_path_has_no_query() -> None:
    assert access({"RAW_URI": "/b?token=sesame#x"})["path"] == "/b"
