"""The scripts that draw rich outputs in the frame, see `rendering/renderers.py`.

A notebook server answers their addresses itself, see `server/front.py`.
"""

from flask import Blueprint, Response, abort, request

from bookstore_web.rendering.renderers import RENDERER_HEADERS, renderer_at

blueprint = Blueprint("renderers", __name__)


@blueprint.get("/bookstore/renderers/<path:address>")
def renderer(address: str) -> Response:
    """Send a script."""
    found = renderer_at(address)
    if found is None:
        abort(404)
    body, headers = found.body(request.headers.get("Accept-Encoding", ""))
    return Response(body, headers={**RENDERER_HEADERS, **headers})
