"""The JSON API, below /api/bookstore: one module for each route.

A new route is a module here with a blueprint, and a line in `BLUEPRINTS`. The proxy
forwards it and `openapi.json` describes it without further changes.
"""

from bookstore_web.app.api import (
    clone,
    diff,
    label,
    link,
    metrics,
    notebooks,
    openapi,
    publish,
    restore,
    search,
    state,
    thumbnail,
    versions,
)

#: The blueprints of the API, one for each module.
BLUEPRINTS = (
    state.blueprint,
    metrics.blueprint,
    publish.blueprint,
    clone.blueprint,
    notebooks.blueprint,
    search.blueprint,
    versions.blueprint,
    thumbnail.blueprint,
    label.blueprint,
    link.blueprint,
    diff.blueprint,
    restore.blueprint,
    openapi.blueprint,
)
