"""Operations: views with a description of their requests and answers."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import jsonify, request
from marshmallow import Schema
from werkzeug.wrappers import Response

from bookstore_web.app.bodies import read_small_body
from bookstore_web.app.schemas import Request, parse
from bookstore_web.app.services import services
from bookstore_web.fields import parse_object
from bookstore_web.sharing.features import check_feature

JSON = "application/json"
HTML = "text/html"
MARK = "bookstore_operation"

View = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """The description of a view for the OpenAPI document.

    `errors` are its status codes besides 200 and those of every route. `media_types`
    are those of the 200; the schema `answer` is that of its JSON.
    """

    summary: str
    description: str
    query: type[Request] | None = None
    body: type[Schema] | None = None
    answer: type[Schema] | None = None
    media_types: tuple[str, ...] = (JSON,)
    errors: tuple[int, ...] = ()


def operation(
    *,
    query: type[Request] | None = None,
    body: type[Request] | None = None,
    model: type[Schema] | None = None,
    answer: type[Schema] | None = None,
    media_types: tuple[str, ...] = (JSON,),
    errors: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Return a decorator that parses the query and the body for a view, and answers.

    The view gets the parsed fields first. Its result is serialized with the schema
    `answer`, unless it is a response. `model` is the schema of a body that the view
    reads itself. The status codes for a wrong query or body are added to `errors`. The
    view's docstring becomes its description.
    """

    def describe(view: View) -> View:
        @functools.wraps(view)
        def answer_request(**path: str) -> Response:
            given = [parse(query(), request.args.to_dict())] if query else []
            if body:
                given.append(parse(body(), parse_object(read_small_body())))
            found = view(*given, **path)
            if isinstance(found, Response):
                return found
            return jsonify(answer().dump(found) if answer else found)

        implied = [400] if query or body or model else []
        implied += [413] if body or model else []
        summary, _, rest = (inspect.getdoc(view) or "").partition("\n")
        known = Operation(
            summary=summary,
            description=rest.strip(),
            query=query,
            body=body or model,
            answer=answer,
            media_types=media_types,
            errors=(*errors, *implied),
        )
        setattr(answer_request, MARK, known)
        return answer_request

    return describe


def needs(flag: str) -> Callable[[View], View]:
    """Return a decorator for views of a feature, by its flag in ``GET /api/bookstore``.

    If the feature is off, the answer is a 404, whatever the request is.
    """

    def guard(view: View) -> View:
        @functools.wraps(view)
        def answer_request(**path: str) -> Any:
            check_feature(flag, services().settings)
            return view(**path)

        return answer_request

    return guard


def operation_of(view: View) -> Operation | None:
    """Return the operation of a view; None if it was not decorated."""
    known: Operation | None = getattr(view, MARK, None)
    return known
