"""GET /api/bookstore/kinds: what is at each of some paths on the notebook server.

The web app asks this instead of the contents API, which lists a whole folder, or takes
a request for each name. It takes one `stat` for each path, beside the event loop.
"""

import asyncio
import json

from tornado import web

from bookstore_core.jupyter.file_kinds import has_plain_files, kind_at
from bookstore_web.server.handlers import READING_METHODS, ProxyHandler


class KindsHandler(ProxyHandler):
    """Answers with the kind of each `path` in the query, in their order, as JSON.

    404 if the contents manager keeps its files elsewhere: the contents API knows them.
    """

    async def _pass_on(self) -> None:
        if self.request.method not in READING_METHODS:
            raise web.HTTPError(405)
        await self._check_rights()
        manager = self.settings.get("contents_manager")
        if not has_plain_files(manager):
            raise web.HTTPError(404, "The contents manager has no files to look at.")
        paths = self.query_values("path")
        kinds = await asyncio.to_thread(
            lambda: [kind_at(manager, path) for path in paths]
        )
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps({"kinds": kinds}))
