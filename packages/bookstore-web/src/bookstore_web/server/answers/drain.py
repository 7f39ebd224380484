"""POST /api/bookstore/drain: have waiting saves tried now.

The notebook server answers this itself, as it answers save-state: no gunicorn has to
run. It only asks; another process may be the one that sends the saves.
"""

import asyncio
import json
from dataclasses import asdict

from tornado import web

from bookstore_core.errors import SpoolError
from bookstore_core.jupyter.running_server import settings_of
from bookstore_core.spool.try_now import Attempt, ask_to_try
from bookstore_web.server.handlers import ProxyHandler


class DrainHandler(ProxyHandler):
    """Asks for an attempt at once, and answers how many saves wait, as JSON."""

    async def _pass_on(self) -> None:
        if self.request.method != "POST":
            raise web.HTTPError(405)
        await self._check_rights()
        settings = settings_of(self._frontier.app)
        attempt = Attempt(False, 0)
        if settings is not None:
            try:
                # It may have to count thousands of files.
                attempt = await asyncio.to_thread(ask_to_try, settings.spool_dir)
            except SpoolError as error:
                raise web.HTTPError(503, str(error)) from error
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(asdict(attempt)))
