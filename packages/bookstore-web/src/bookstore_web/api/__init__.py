"""The JSON API, below /api/bookstore."""

from bookstore_web.api import (
    clones,
    description,
    differences,
    notebooks,
    publications,
    restorations,
    state,
    versions,
)

#: One for each subject.
BLUEPRINTS = (
    state.blueprint,
    publications.blueprint,
    clones.blueprint,
    notebooks.blueprint,
    versions.blueprint,
    differences.blueprint,
    restorations.blueprint,
    description.blueprint,
)
