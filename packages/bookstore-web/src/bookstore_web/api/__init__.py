"""The JSON API, below /api/bookstore."""

from bookstore_web.api import clones, description, notebooks, publications, state

#: One for each subject.
BLUEPRINTS = (
    state.blueprint,
    publications.blueprint,
    clones.blueprint,
    notebooks.blueprint,
    description.blueprint,
)
