"""The pages for people, below /bookstore: plain forms, and a little script.

One module for each page. Everything works without script; where there is one, it
brings local times, what changed, and comparing two chosen versions.
"""

from flask import Blueprint

from bookstore_web.pages import (
    cloning,
    comparison,
    frame,
    history,
    home,
    naming,
    publishing,
    restoring,
    view,
)

pages = Blueprint("pages", __name__)
for module in (
    home,
    history,
    view,
    frame,
    comparison,
    restoring,
    naming,
    publishing,
    cloning,
):
    pages.register_blueprint(module.blueprint)
