"""GET /api/bookstore/save-state: where a notebook's newest save is.

The notebook server answers this itself, so that no gunicorn has to run while people
only save. It asks no store.
"""

import json
from datetime import UTC, datetime

from tornado import web

from bookstore_core.jupyter.running_server import settings_of
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.save_state import OFF, SaveState, save_state_of
from bookstore_web.server.handlers import READING_METHODS, ProxyHandler


class SaveStateHandler(ProxyHandler):
    """Answers with the `SaveState` of the notebook `path`, as JSON."""

    async def _pass_on(self) -> None:
        if self.request.method not in READING_METHODS:
            raise web.HTTPError(405)
        await self._check_rights()
        path = self.query_value("path")
        if not path.strip("/"):
            raise web.HTTPError(400, "path is missing. Name a notebook.")
        settings = settings_of(self._frontier.app)
        state = save_state_of(self.settings.get("contents_manager"), path)
        if state is None:
            state = SaveState(OFF, reason=settings.unarchived if settings else "")
        late = is_late(state, settings)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps({**state.as_json(), "late": late}))


def is_late(
    state: SaveState, settings: BookstoreSettings | None, now: datetime | None = None
) -> bool:
    """Return whether a save has waited so long that people should know.

    The server's clock decides, as it is that of `since`.
    """
    if state.since is None or settings is None:
        return False
    waited = (now or datetime.now(UTC)) - state.since
    # What `min_interval` holds back is not sent before.
    return waited.total_seconds() > settings.late_after + settings.min_interval
