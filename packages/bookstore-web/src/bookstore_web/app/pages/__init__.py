"""The pages for people, below /bookstore: plain forms, and a little script.

One module for each page. Everything works without script; where there is one, it
brings local times, what changed, and comparing two chosen versions.
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
    restore,
    view,
)

pages = Blueprint("pages", __name__)
for module in (home, history, view, frame, diff, restore, label, publish, clone):
    pages.register_blueprint(module.blueprint)
