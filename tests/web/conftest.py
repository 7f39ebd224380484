"""Fixtures of the web tests: the app, a local store, and a small contents server."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import (
    Version,
    VersionMetadata,
    VersionStore,
    new_save_id,
    open_store,
)
from bookstore_web import create_app
from bookstore_web.wire import Launch
from harness.serving import serving
from harness.web_app import SECRET, ContentsDouble, ServerSide

SAVED_AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)


class CompiledTemplates(BytecodeCache):
    """Templates that are compiled once for all apps of the tests."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def templates() -> Iterator[None]:
    """Compile no template for each app again: this takes longer than most tests."""
    kept = CompiledTemplates()
    with pytest.MonkeyPatch.context() as patch:
        known = partial(Flask.jinja_environment, bytecode_cache=kept)
        patch.setattr(Flask, "jinja_environment", staticmethod(known))
        yield


@pytest.fixture(scope="session", autouse=True)
def routes() -> Iterator[None]:
    """Compile no route for each app again: this is most of what making an app takes."""
    made: dict[tuple[Any, ...], Any] = {}
    compile_builder = Rule._compile_builder

    def known(rule: Rule, append_unknown: bool = True) -> Any:
        defaults = tuple((rule.defaults or {}).items())
        key = (rule.rule, *rule._trace, defaults, append_unknown)
        if key not in made:
            made[key] = compile_builder(rule, append_unknown)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", known)
        yield


@pytest.fixture(autouse=True)
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put catalogues beside what else a test makes, and wait for what is new."""
    place = "bookstore_web.catalogue.place"
    folder = "bookstore_web.catalogue.databases.files.default_folder"
    monkeypatch.setattr(folder, lambda: tmp_path / "catalogues")
    monkeypatch.setattr(f"{place}.SYNCHRONOUS", "OFF")
    monkeypatch.setattr("bookstore_web.catalogue.keeper.PATIENCE", 60.0)
    monkeypatch.setattr("bookstore_web.catalogue.databases.patience.LONGEST", 60.0)


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve a WSGI app in a thread until the test ends; return its URL."""
    with ExitStack() as stack:
        yield lambda app, *args, **options: stack.enter_context(
            serving(app, *args, **options)
        )


@pytest.fixture
def settings(tmp_path: Path) -> BookstoreSettings:
    return BookstoreSettings(storage="local", local_root=str(tmp_path / "store"))


@pytest.fixture
def store(settings: BookstoreSettings) -> VersionStore:
    store = open_store(settings)
    store.prepare()
    return store


@pytest.fixture
def put(store: VersionStore) -> Callable[..., Version]:
    """Put bytes, or a notebook, into the store as a new version."""

    def put_version(key: str, content: Any, author: str = "ann") -> Version:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        metadata = VersionMetadata(
            save_id=new_save_id(),
            saved_at=SAVED_AT,
            author=author,
            sha256=hashlib.sha256(data).hexdigest(),
            source_path=key,
        )
        return store.put(key, io.BytesIO(data), size=len(data), metadata=metadata)

    return put_version


@pytest.fixture
def contents(serve: Callable[..., str]) -> ContentsDouble:
    return ContentsDouble()


@pytest.fixture
def launch(
    contents: ContentsDouble,
    serve: Callable[..., str],
    settings: BookstoreSettings,
    tmp_path: Path,
) -> Launch:
    return Launch(
        settings=settings.as_config(),
        secret=SECRET,
        server_url=serve(contents),
        runtime_dir=str(tmp_path),
    )


@pytest.fixture
def make_server_side(
    launch: Launch, store: VersionStore, contents: ContentsDouble
) -> Callable[..., ServerSide]:
    """Make the app as a notebook server launches it."""

    def make(context: dict[str, Any] | None = None, **traits: Any) -> ServerSide:
        settings = BookstoreSettings.from_config(launch.settings | traits)
        app = create_app(settings, launch=launch)
        server = ServerSide(app, **(context or {}))
        contents.base_url = server.context.base_url
        return server

    return make


@pytest.fixture
def server(make_server_side: Callable[..., ServerSide]) -> ServerSide:
    return make_server_side()


@pytest.fixture
def make_client(
    settings: BookstoreSettings, store: VersionStore
) -> Callable[..., FlaskClient]:
    """Make a client of the app on its own, as behind nginx."""

    def make(**traits: Any) -> FlaskClient:
        known = BookstoreSettings.from_config(settings.as_config() | traits)
        return create_app(known).test_client()

    return make


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client()


def cell(source: str, **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"cell-{abs(hash(source)) % 10**8}",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


@pytest.fixture
def notebook() -> dict[str, Any]:
    """A valid notebook of two cells, which both claim to be trusted."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [cell("1 + 1", trusted=True), cell("2 + 2", trusted=True)],
    }
