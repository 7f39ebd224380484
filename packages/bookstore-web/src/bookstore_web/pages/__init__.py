"""The pages for people, below /bookstore: plain forms, and a little script.

One module for each page. Everything works without script; where there is one, it
brings local times, what changed, and comparing two chosen versions.
"""

from flask import Blueprint

from bookstore_web.pages import cloning, frame, home

pages = Blueprint("pages", __name__)
for blueprint in (home.blueprint, cloning.blueprint, frame.blueprint):
    pages.register_blueprint(blueprint)
