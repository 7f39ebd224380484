"""GET /api/bookstore/openapi.json: describe the app's routes with OpenAPI."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask, current_app
from marshmallow import Schema, fields, validate
from werkzeug.routing import Rule

from bookstore_core import __version__
from bookstore_core.stores.service.forms import ROUTES
from bookstore_web.app.context import context
from bookstore_web.app.operations import HTML, JSON, Operation, operation, operation_of
from bookstore_web.app.schemas import Error, Request, Text

blueprint = Blueprint("openapi", __name__, url_prefix="/api/bookstore")
API = "/api/bookstore"
OPENAPI = "3.1.0"

#: Methods that Flask adds to those of a view.
ADDED = frozenset({"HEAD", "OPTIONS"})

#: What an error status means here.
MEANINGS = {
    400: "A field or a path is missing or not valid.",
    401: "It is not known who asks: log in, or send a token.",
    403: "You are not allowed, or the settings or the store refuse it.",
    404: "There is no such notebook, version, file or route.",
    409: "It conflicts with something that exists.",
    413: "It is over the size limit.",
    415: "It is not a notebook.",
    422: "It is not a valid notebook.",
    502: "The store, or the notebook server, gave an unexpected answer.",
    503: "Not possible now: the store does not answer, or something is not set up.",
    504: "There was no answer in time; the request may still be carried out.",
}

#: Statuses that any request may have, from the proxy or from the store.
ANYWHERE = (401, 403, 502, 503, 504)

RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which the same request may succeed.",
        "schema": {"type": "string"},
    }
}

INTRODUCTION = (
    "Versions of Jupyter notebooks: list, compare, restore, label, publish and clone "
    "them. Behind a notebook server these routes accept the same credentials as its "
    "own API: a cookie, or `Authorization: token ...`. With a cookie, requests that "
    "change something need the XSRF token."
)


class SavedNotebook(Request):
    """Of which notebook the newest save is looked for."""

    path = Text("The notebook's path on the server.", required=True)


class SaveState(Schema):
    """Where the newest save of a notebook is."""

    state = fields.String(
        validate=validate.OneOf(
            ["stored", "waiting", "unprotected", "unknown", "off"],
        ),
        metadata={"description": "Whether it is a version, or why not."},
    )
    saved_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the newest save was made."}
    )
    since = fields.AwareDateTime(
        allow_none=True,
        metadata={"description": "When the oldest save was made that waits."},
    )
    reason = fields.String(metadata={"description": "Why; empty if all is well."})
    late = fields.Boolean(
        metadata={"description": "Whether it has waited longer than late_after."}
    )


class Attempt(Schema):
    """What came of asking that waiting saves are tried now."""

    asked = fields.Boolean(metadata={"description": "Whether there was one to try."})
    waiting = fields.Integer(metadata={"description": "How many saves wait."})


#: What a notebook server answers itself, in `bookstore_web.server.answers`.
BY_SERVER = {
    ("GET", f"{API}/save-state"): Operation(
        "Return where a notebook's newest save is.",
        "No store is contacted. Only a notebook server has this route.",
        query=SavedNotebook,
        answer=SaveState,
        errors=(400,),
    ),
    ("POST", f"{API}/drain"): Operation(
        "Have waiting saves tried now.",
        "It does not wait for the attempt. Only a notebook server has this route.",
        answer=Attempt,
    ),
}


def describe(
    app: Flask, *, base_url: str = "/", by_server: bool = False
) -> dict[str, Any]:
    """Return the OpenAPI description of the routes of `app` below /api/bookstore.

    With `by_server`, also of those that the notebook server before it answers itself.
    """
    # Imported here because hardly anybody asks.
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    spec = APISpec(
        title="bookstore",
        version=__version__,
        openapi_version=OPENAPI,
        info={"description": INTRODUCTION},
        servers=[{"url": base_url.rstrip("/") or "/"}],
        plugins=[MarshmallowPlugin()],
    )
    for status in MEANINGS:
        spec.components.response(_refusal(status), _error(status, JSON))
    for rule in sorted(api_rules(app), key=lambda rule: rule.rule):
        known = operation_of(app.view_functions[rule.endpoint])
        if known is not None:
            methods = _methods(rule)
            spec.path(
                path=re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule),
                operations={
                    method.lower(): _describe(_name(rule.rule, method), rule, known)
                    for method in methods
                },
            )
    for (method, path), known in BY_SERVER.items() if by_server else ():
        operations = {method.lower(): _describe(_name(path, method), None, known)}
        spec.path(path=path, operations=operations)
    described: dict[str, Any] = spec.to_dict()
    return described


def api_rules(app: Flask) -> Iterator[Rule]:
    """Yield the routes of `app` that the description must list.

    Those of the service's store are for `ServiceStore` alone.
    """
    for rule in app.url_map.iter_rules():
        internal = f"{rule.rule}/".startswith(f"{ROUTES}/")
        if f"{rule.rule}/".startswith(f"{API}/") and not internal:
            yield rule


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - ADDED)


def _describe(name: str, rule: Rule | None, known: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": name,
        "summary": known.summary,
        "responses": _answers(known),
    }
    if known.description:
        described["description"] = known.description
    parameters: list[dict[str, Any]] = [
        {
            "in": "path",
            "name": name,
            "required": True,
            "description": "A path; it may contain slashes.",
            "schema": {"type": "string"},
        }
        for name in (sorted(rule.arguments - set(rule.defaults or {})) if rule else ())
    ]
    if known.query:
        parameters.append({"in": "query", "schema": known.query})
    if parameters:
        described["parameters"] = parameters
    if known.body:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": known.body}},
        }
    return described


def _name(path: str, method: str) -> str:
    words = re.findall(r"[A-Za-z]+", path.removeprefix(API)) or ["state"]
    return "_".join([method.lower(), *words]).replace("_anything", "")


def _answers(known: Operation) -> dict[str, Any]:
    schemas: dict[str, Any] = {
        media_type: {"schema": known.answer or {"type": "object"}}
        if media_type == JSON
        else {"schema": {"type": "string"}}
        for media_type in known.media_types
    }
    answers: dict[str, Any] = {"200": {"description": "Done.", "content": schemas}}
    for status in sorted({*ANYWHERE, *known.errors}):
        answers[str(status)] = (
            _error(status, JSON, HTML)
            if HTML in known.media_types
            else _refusal(status)  # a reference to the component
        )
    return answers


def _refusal(status: int) -> str:
    return f"Error{status}"


def _error(status: int, *media_types: str) -> dict[str, Any]:
    schemas: dict[str, Any] = {JSON: Error, HTML: {"type": "string"}}
    content = {known: {"schema": schemas[known]} for known in media_types}
    described = {"description": MEANINGS[status], "content": content}
    return described | ({"headers": RETRY_AFTER} if status == 503 else {})


@blueprint.get("/openapi.json")
@operation()
def openapi() -> dict[str, Any]:
    """Describe every route below /api/bookstore with OpenAPI 3.1."""
    here = context()
    return describe(current_app, base_url=here.base_url, by_server=bool(here.secret))
