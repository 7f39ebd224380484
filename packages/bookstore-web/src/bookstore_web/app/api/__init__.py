"""The JSON API, below /api/bookstore: one module for each route."""

from bookstore_web.app.api import (
    clone,
    diff,
    label,
    metrics,
    notebooks,
    openapi,
    publish,
    restore,
    state,
    versions,
)

#: The blueprints of the API, one for each module.
BLUEPRINTS = (
    state.blueprint,
    metrics.blueprint,
    publish.blueprint,
    clone.blueprint,
    notebooks.blueprint,
    versions.blueprint,
    label.blueprint,
    diff.blueprint,
    restore.blueprint,
    openapi.blueprint,
)
