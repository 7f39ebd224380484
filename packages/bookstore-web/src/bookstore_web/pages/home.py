"""The home page: what is kept, and how it does."""

from flask import Blueprint, Response, make_response, render_template

from bookstore_core.errors import ConfigurationError
from bookstore_core.paths import s3_display_path
from bookstore_core.settings import validate_bookstore
from bookstore_web.services import services

blueprint = Blueprint("home", __name__)


@blueprint.get("/bookstore/")
def home() -> Response:
    """Say what this is, and how to publish and to clone."""
    settings = services().settings
    try:
        location, problem = services().open_store().location, ""
    except ConfigurationError as error:
        location, problem = "", str(error)
    page = render_template(
        "home.html",
        location=location,
        problem=problem,
        features=validate_bookstore(settings),
        settings=settings,
        published=s3_display_path(settings.bucket, settings.published_prefix),
        workspace=s3_display_path(settings.bucket, settings.workspace_prefix),
    )
    return make_response(page)
