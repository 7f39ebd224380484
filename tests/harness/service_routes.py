"""Who may send each request to a service: a line for each, by method and endpoint.

What no line allows is refused. A new route needs a line here.
"""

from dataclasses import dataclass, field
from typing import Any

from bookstore_core.stores.service.forms import FIELDS_HEADER, pack

MODELS: dict[str, dict[str, Any]] = {
    "owner": {"name": "ann"},
    "other": {"name": "ben"},
    "member": {"name": "zoe", "groups": ["team"]},
    "admin": {"name": "root", "admin": True},
    "server": {"name": "ann"},
    "service": {"name": "ann", "kind": "service", "groups": ["team"], "admin": True},
}
TOKENS = ("server", "service")
NOBODY = "anonymous"
CALLERS = (NOBODY, *MODELS)
#: Sets of callers.
ALL, KNOWN = frozenset(CALLERS), frozenset(MODELS)
PEOPLE = KNOWN - {"service"}
OWN = frozenset({"owner", "server"})
TEAM = frozenset({"member", "admin"})
IN_CHARGE = frozenset({"admin", "service"})
#: Ends of addresses that remove what they are about.
ONCE = ("publish/p.ipynb", "publish/t.ipynb?group=team", "/unpublish", "store/delete")
#: Answers that refuse.
REFUSALS = (302, 401, 403, 404)

MINE, PUBLIC, OURS = (
    *("workspace/ann/a.ipynb", "published/ann/p.ipynb"),
    "published/@team/t.ipynb",
)


@dataclass(frozen=True)
class Line:
    """A request, who may send it, and the status that they get.

    What is done `once` is tried by the first of them only.
    """

    path: str
    who: frozenset[str]
    status: int = 200
    options: dict[str, Any] = field(default_factory=dict)
    once: bool = False


def line(path: str, who: frozenset[str], status: int = 200, **options: Any) -> Line:
    return Line(path, who, status, options, once=path.endswith(ONCE))


def of_path(page: str, status: int = 200, **more: str) -> tuple[Line, ...]:
    """Return lines for a page about a notebook: a person's, a published, a group's."""
    query = {"version_id": "@0", **more}
    mine = line(page, OWN, status, query_string={"path": "a.ipynb", **query})
    shelf = {"shelf": "published", **query}
    public = {"path": "ann/p.ipynb", **shelf}
    ours = {"path": "@team/t.ipynb", **shelf}
    return (
        mine,
        line(page, KNOWN, status, query_string=public),
        line(page, TEAM, status, query_string=ours),
    )


def of_key(page: str, **options: Any) -> tuple[Line, ...]:
    """Return lines for what is named by its key."""
    readers = {MINE: OWN | {"admin"}, PUBLIC: KNOWN, OURS: TEAM}
    return tuple(
        line(page, who, query_string={"s3_bucket": "bookstore", "s3_key": key})
        for key, who in readers.items()
    )


def form(page: str, who: frozenset[str], status: int = 303, **fields: str) -> Line:
    known = {"path": "a.ipynb", "version_id": "@0", **fields}
    return line(page, who, status, data=known)


def called(name: str, who: frozenset[str], **fields: Any) -> Line:
    """Return the line of a call of the store, by a client that knows the keys."""
    return line(f"/api/bookstore/store/{name}", who, json=fields)


def of_store(name: str, **fields: Any) -> tuple[Line, ...]:
    readers = {MINE: OWN | {"admin"}, PUBLIC: KNOWN, OURS: TEAM}
    return tuple(called(name, who, key=key, **fields) for key, who in readers.items())


def content_of(key: str) -> dict[str, str]:
    return {FIELDS_HEADER: pack({"key": key})}


SAVE = {
    "content_type": "application/x-ipynb+json",
    "metadata": {"save_id": "s", "saved_at": "2026-01-01T00:00:00+00:00"},
}
MODEL = {
    "type": "notebook",
    "content": {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []},
}
PUBLISH = "/api/bookstore/publish/n.ipynb"
PAGE = {"limit": 10}
LISTED = {
    **{"bucket": "bookstore", "version_id": "v", "size": 2},
    "stored_at": "2026-01-01T00:00:00+00:00",
}
#: A service writes into nobody's notebook server: those who may ask are told so.
NO_SERVER = 503

LINES: dict[str, tuple[Line, ...]] = {
    "GET static": (line("/bookstore/static/forms.js", ALL),),
    "GET shared.static": (line("/bookstore/front/shared/times.js", ALL),),
    "GET pages.renderers.renderer": (line("/bookstore/renderers/x", ALL, 404),),
    "GET state.healthz": (line("/api/bookstore/healthz", ALL),),
    "GET hub.top": (line("/", ALL, 302),),
    "GET hub.oauth_callback": (line("/oauth_callback?code=x&state=y", ALL, 401),),
    "GET state.info": (line("/api/bookstore", KNOWN),),
    "GET openapi.openapi": (line("/api/bookstore/openapi.json", KNOWN),),
    "GET metrics.metrics": (line("/api/bookstore/metrics", IN_CHARGE),),
    "GET notebooks.notebooks": (
        line("/api/bookstore/notebooks", PEOPLE),
        line("/api/bookstore/notebooks?recent=1", PEOPLE),
        line("/api/bookstore/notebooks?shelf=published", KNOWN),
        line("/api/bookstore/notebooks?shelf=published&prefix=@team", TEAM),
    ),
    "GET search.search": (line("/api/bookstore/search?q=unheard", KNOWN),),
    "GET versions.versions": of_path("/api/bookstore/versions"),
    # Everybody has their own runs, of whatever they can name.
    "GET versions.runs": (
        line("/api/bookstore/runs?path=a.ipynb", KNOWN),
        line("/api/bookstore/runs?path=@team/t.ipynb&shelf=published", KNOWN),
    ),
    "GET versions.version": (
        *of_path("/api/bookstore/version"),
        *of_path("/api/bookstore/version", download="1"),
    ),
    "GET diff.diff": of_path("/api/bookstore/diff", base="@1"),
    "GET link.link": of_path("/api/bookstore/link"),
    "GET thumbnail.thumbnail": of_path("/api/bookstore/thumbnail"),
    "PUT label.label": (
        line(
            "/api/bookstore/label",
            OWN,
            json={"path": "a.ipynb", "version_id": "@0", "name": "x"},
        ),
        line(
            "/api/bookstore/label",
            OWN,
            json={
                **{"path": "ann/p.ipynb", "shelf": "published"},
                **{"version_id": "@0", "name": "x"},
            },
        ),
        line(
            "/api/bookstore/label",
            frozenset({"member"}),
            json={
                **{"path": "@team/t.ipynb", "shelf": "published"},
                **{"version_id": "@0", "name": "x"},
            },
        ),
    ),
    "PUT publish.publish_notebook": (
        line(PUBLISH, PEOPLE, json=MODEL),
        line(f"{PUBLISH}?group=team", frozenset({"member"}), json=MODEL),
        line("/api/bookstore/published/n.ipynb", PEOPLE, json=MODEL),
        line("/api/bookstore/publish", PEOPLE, 400, json=MODEL),
        line("/api/bookstore/published", PEOPLE, 400, json=MODEL),
    ),
    "DELETE publish.unpublish_notebook": (
        line("/api/bookstore/publish/p.ipynb", OWN),
        line("/api/bookstore/publish/t.ipynb?group=team", frozenset({"member"})),
        line("/api/bookstore/published/n.ipynb", frozenset()),
        line("/api/bookstore/publish", PEOPLE, 400),
        line("/api/bookstore/published", PEOPLE, 400),
    ),
    "POST clone.clone": (
        line(
            "/api/bookstore/clone",
            KNOWN,
            NO_SERVER,
            json={"s3_bucket": "bookstore", "s3_key": MINE},
        ),
        line(
            "/api/bookstore/cloned",
            KNOWN,
            NO_SERVER,
            json={"s3_bucket": "bookstore", "s3_key": MINE},
        ),
    ),
    "POST clone.fs_clone": (
        line("/api/bookstore/fs-clone", KNOWN, NO_SERVER, json={"relpath": "f.ipynb"}),
    ),
    "POST restore.restore": (
        line(
            "/api/bookstore/restore",
            KNOWN,
            NO_SERVER,
            json={"path": "a.ipynb", "version_id": "@0"},
        ),
    ),
    "GET pages.home.home": (
        line("/bookstore/", PEOPLE),
        line("/bookstore/?shelf=published", KNOWN),
        line("/bookstore/?shelf=published&recent=1", KNOWN),
        line("/bookstore/?shelf=published&prefix=@team", TEAM),
        line("/bookstore/?shelf=published&q=ipynb", KNOWN),
    ),
    "GET pages.history.history": of_path("/bookstore/history"),
    "GET pages.runs.runs": (
        line("/bookstore/runs?path=a.ipynb", KNOWN),
        line("/bookstore/runs?path=@team/t.ipynb&shelf=published", KNOWN),
    ),
    "GET pages.view.view": of_path("/bookstore/view"),
    "GET pages.frame.view_content": of_path("/bookstore/view/content"),
    "GET pages.diff.diff": of_path("/bookstore/diff", base="@1"),
    "GET pages.diff.image": of_path("/bookstore/diff/image", 400),
    "GET pages.restore.ask": (
        line("/bookstore/restore?path=a.ipynb&version_id=@0", KNOWN, NO_SERVER),
    ),
    "POST pages.restore.restore": (form("/bookstore/restore", OWN, NO_SERVER),),
    "POST pages.home.drain": (form("/bookstore/drain", KNOWN, NO_SERVER),),
    "POST pages.label.name_version": (form("/bookstore/label", OWN, name="x"),),
    "POST pages.publish.publish_version": (
        form("/bookstore/publish", OWN, published_path="n.ipynb"),
        form(
            "/bookstore/publish",
            OWN,
            **{"path": "ann/p.ipynb", "shelf": "published"},
            published_path="ann/n.ipynb",
        ),
    ),
    "POST pages.publish.unpublish_notebook": (
        form("/bookstore/unpublish", OWN, path="ann/p.ipynb"),
    ),
    "GET pages.clone.landing": (
        *of_key("/bookstore/clone"),
        *of_key("/api/bookstore/cloned"),
    ),
    "POST pages.clone.clone": tuple(
        line(
            "/bookstore/clone",
            who,
            NO_SERVER,
            data={"s3_bucket": "bookstore", "s3_key": key},
        )
        for key, who in {MINE: OWN | {"admin"}, PUBLIC: KNOWN, OURS: TEAM}.items()
    ),
    "GET pages.frame.clone_content": of_key("/bookstore/clone/content"),
    "GET pages.clone.fs_landing": (line("/bookstore/fs-clone?relpath=f.ipynb", KNOWN),),
    "POST pages.clone.fs_clone": (
        form("/bookstore/fs-clone", KNOWN, NO_SERVER, relpath="f.ipynb"),
    ),
    "GET pages.frame.fs_clone_content": (
        line("/bookstore/fs-clone/content?relpath=f.ipynb", KNOWN),
    ),
    # It has a token of its own, which nobody of these knows.
    "POST events.take": (
        line("/api/bookstore/events", frozenset(), json={"Records": []}),
    ),
    "GET store.calls.introduce": (line("/api/bookstore/store", KNOWN),),
    "POST store.calls.check": (called("check", KNOWN),),
    "POST store.calls.head": of_store("head"),
    "POST store.calls.versions": of_store("versions", **PAGE),
    "POST store.calls.keys": (
        called("keys", OWN | {"admin"}, prefix="workspace/ann", **PAGE),
        called("keys", TEAM, prefix="published/@team", **PAGE),
        called("keys", KNOWN, prefix="", **PAGE),
    ),
    "POST store.calls.walk": (
        called("walk", OWN | {"admin"}, prefix="workspace/ann", **PAGE),
        called("walk", TEAM, prefix="published/@team", **PAGE),
        called("walk", KNOWN, prefix="published", **PAGE),
    ),
    "POST store.calls.find": of_store("find", save_id="s", size=2),
    "POST store.calls.labels": of_store("labels"),
    "POST store.calls.label": (
        called("label", OWN, key=MINE, version_id=MINE, label={"name": "x"}),
        called("label", OWN, key=PUBLIC, version_id=PUBLIC, label={"name": "x"}),
    ),
    "POST store.calls.described": tuple(
        called("described", who, versions=[LISTED | {"key": key}])
        for key, who in {MINE: OWN | {"admin"}, PUBLIC: KNOWN, OURS: TEAM}.items()
    ),
    "POST store.calls.search": (called("search", KNOWN, q="unheard", limit=5),),
    "POST store.calls.cloned": of_store("cloned"),
    "POST store.calls.again": (
        called("again", OWN, key=MINE, version_id=MINE),
        called("again", OWN, key=PUBLIC, version_id=PUBLIC),
        called("again", frozenset({"member"}), key=OURS, version_id=OURS),
    ),
    "POST store.calls.delete": (
        called("delete", OWN, key=MINE),
        called("delete", OWN, key=PUBLIC),
        called("delete", frozenset({"member"}), key=OURS),
    ),
    "GET store.content.open_content": tuple(
        line("/api/bookstore/store/content", who, headers=content_of(key))
        for key, who in {MINE: OWN | {"admin"}, PUBLIC: KNOWN, OURS: TEAM}.items()
    ),
    "PUT store.content.put": tuple(
        line(
            "/api/bookstore/store/content",
            who,
            data=b"{}",
            headers={FIELDS_HEADER: pack({"key": key, **SAVE})},
        )
        for key, who in {
            **{MINE: OWN, PUBLIC: OWN, OURS: frozenset({"member"})},
            **{"published/n.ipynb": frozenset[str](), "x/n.ipynb": frozenset[str]()},
        }.items()
    ),
}
