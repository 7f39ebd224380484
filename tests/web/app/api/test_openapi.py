"""GET /api/bookstore/openapi.json: the whole API is described."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool import save_state as saves
from bookstore_core.spool import try_now
from bookstore_core.spool.report import report_spool
from bookstore_web import create_app
from bookstore_web.app.api.openapi import (
    ADDED,
    BY_SERVER,
    MEANINGS,
    Attempt,
    SaveState,
    api_rules,
)
from bookstore_web.app.api.state import State
from bookstore_web.app.failures import STATUS
from bookstore_web.app.operations import operation_of
from harness.web_app import ServerSide

URL = "/api/bookstore/openapi.json"


@pytest.fixture
def app(settings: BookstoreSettings) -> Flask:
    return create_app(settings)


@pytest.fixture
def described(client: FlaskClient) -> dict[str, Any]:
    answer = client.get(URL)
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json
    return document


def test_every_route_of_the_api_is_described(
    app: Flask, described: dict[str, Any]
) -> None:
    routes = {
        (rule.rule.replace("<anything:path>", "{path}"), method.lower())
        for rule in api_rules(app)
        for method in (rule.methods or set()) - ADDED
    }
    listed = {
        (path, method) for path, found in described["paths"].items() for method in found
    }
    assert len(routes) > 10
    assert listed == routes


def test_every_view_of_the_api_declares_what_it_accepts(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in api_rules(app)}
    silent = [e for e in endpoints if operation_of(app.view_functions[e]) is None]
    assert silent == []


def test_each_operation_has_its_own_name(described: dict[str, Any]) -> None:
    names = [
        operation["operationId"]
        for found in described["paths"].values()
        for operation in found.values()
    ]
    assert len(set(names)) == len(names)


def test_every_status_of_an_error_has_a_meaning() -> None:
    # 500 is a bug and not described.
    assert set(STATUS.values()) - {500} <= set(MEANINGS)


def test_every_reference_is_defined(described: dict[str, Any]) -> None:
    def references(value: Any) -> Any:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from [inner] if name == "$ref" else references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    found = set(references(described))
    assert found
    for reference in found:
        place = described
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


@pytest.mark.parametrize("base_url", ["/", "/user/ann/"])
def test_its_server_is_the_address_that_the_caller_used(
    make_server_side: Callable[..., ServerSide], base_url: str
) -> None:
    document = make_server_side({"base_url": base_url}).get(URL).json
    assert document["servers"] == [{"url": base_url.rstrip("/") or "/"}]


def test_what_the_notebook_server_answers_itself_is_described_behind_one(
    make_server_side: Callable[..., ServerSide], described: dict[str, Any]
) -> None:
    behind = make_server_side({}).get(URL).json["paths"]
    own = {path for _, path in BY_SERVER}
    assert behind.keys() - described["paths"].keys() == own
    assert {*SaveState().fields} == {*saves.SaveState("off").as_json(), "late"}
    assert {*Attempt().fields} == {item.name for item in fields(try_now.Attempt)}


def test_it_is_returned_without_a_store(
    make_client: Callable[..., FlaskClient],
) -> None:
    assert make_client(storage="s3", s3_bucket="").get(URL).status_code == 200


def test_it_contains_no_settings(make_client: Callable[..., FlaskClient]) -> None:
    secret = "a-secret-that-is-not-shown"
    answer = make_client(s3_secret_access_key=secret, s3_bucket="our-bucket").get(URL)
    assert secret not in answer.text
    assert "our-bucket" not in answer.text


def test_the_api_and_the_command_return_the_same_spool_members(
    settings: BookstoreSettings,
) -> None:
    report = report_spool(settings)
    laid_out = State(only=["spool"]).dump({"spool": report})["spool"]
    assert laid_out == json.loads(json.dumps(report.as_json()))
