"""Operations: views that say what they take and what they answer."""

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
from bookstore_web.fields import parse_object

JSON = "application/json"
HTML = "text/html"
MARK = "bookstore_operation"

View = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """What the description of the API says of a view.

    `errors` are the status codes it may answer besides 200 and those that any route
    has. `media_types` are those of the 200; the schema `answer` is of the JSON one.
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
    """Parse the query, then the body, for a view, and lay out what it returns.

    What goes wrong in a query or a body is described without being named in `errors`.
    The view takes the parsed fields first. What it returns is answered as `answer`
    describes it, unless it is a response of its own. `model` describes a body that
    the view reads by itself. Its docstring is what the description says of it.
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


def operation_of(view: View) -> Operation | None:
    """Return what `operation` was told of a view, if anything."""
    known: Operation | None = getattr(view, MARK, None)
    return known
