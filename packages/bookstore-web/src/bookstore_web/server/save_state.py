"""GET /api/bookstore/save-state: where a notebook's newest save is.

The notebook server answers this itself, so that no gunicorn has to run while people
only save. It asks no store.
"""

import json

from tornado import web

from bookstore_core.jupyter.running_server import settings_of
from bookstore_core.spool.save_state import OFF, SaveState, save_state_of
from bookstore_web.server.handlers import READING_METHODS, ProxyHandler


class SaveStateHandler(ProxyHandler):
    """Answers with the `SaveState` of the notebook `path`, as JSON."""

    async def _pass_on(self) -> None:
        if self.request.method not in READING_METHODS:
            raise web.HTTPError(405)
        await self._check_rights()
        path = self.get_query_argument("path", "")
        if not path.strip("/"):
            raise web.HTTPError(400, "path is missing. Name a notebook.")
        state = save_state_of(self.settings.get("contents_manager"), path)
        if state is None:
            settings = settings_of(self._frontier.app)
            state = SaveState(OFF, reason=settings.unarchived if settings else "")
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(state.as_json()))
