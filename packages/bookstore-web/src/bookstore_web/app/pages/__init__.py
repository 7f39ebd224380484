"""The HTML pages below /bookstore: plain forms, and a little JavaScript.

There is one module for each page. Everything works without JavaScript; with it, pages
show local times and what changed in each version, and load older versions in place.
"""

from flask import Blueprint

from bookstore_web.app.pages import (
    clone,
    diff,
    frame,
    history,
    home,
    label,
    publish,
    renderers,
    restore,
    runs,
    view,
)

pages = Blueprint("pages", __name__)
for module in (
    *(home, history, runs, view, frame, renderers, diff),
    *(restore, label, publish, clone),
):
    pages.register_blueprint(module.blueprint)
