"""The JSON API, below /api/bookstore."""

from bookstore_web.api import clones, description, publications, state

#: One for each subject.
BLUEPRINTS = (
    state.blueprint,
    publications.blueprint,
    clones.blueprint,
    description.blueprint,
)
