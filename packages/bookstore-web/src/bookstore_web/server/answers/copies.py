"""PUT /api/bookstore/copy: a copy, saved at a free name in one request.

The contents API overwrites what is at a path. Here the server chooses the name itself,
and the contents manager saves there: its rules, the hooks after a save and archiving
apply as for a save of the contents API.
"""

import json
from typing import Any

from jupyter_core.utils import ensure_async
from tornado import web

from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
)
from bookstore_core.jupyter.file_kinds import has_plain_files
from bookstore_web.server.handlers import ProxyHandler, message_of

#: Status codes of the reasons why there is no name; 400 for others.
STATUS: dict[type[BookstoreError], int] = {
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
}


class CopyHandler(ProxyHandler):
    """Saves the model in the body for the file `name` at `target`; answers its model.

    With `siblings`, a name that is taken with another suffix is not free. 404 without
    `place` if the contents manager keeps its files elsewhere. `place` is the path at
    which it could not be saved, empty if none was found.
    """

    async def _pass_on(self) -> None:
        if self.request.method != "PUT":
            raise web.HTTPError(405)
        await self._check_rights()
        manager = self.settings.get("contents_manager")
        if not has_plain_files(manager):
            raise web.HTTPError(404, "The contents manager has no files to look at.")
        name, target = self.query_value("name"), self.query_value("target")
        siblings = bool(self.query_value("siblings"))
        model, places = self._model(), self._frontier.places
        try:
            async with places.hold(manager, name, target, with_siblings=siblings) as at:
                await self._save(manager, model, at)
        except BookstoreError as error:
            status = STATUS.get(type(error), 400)
            self._answer({"message": str(error), "place": ""}, status)

    def _model(self) -> dict[str, Any]:
        try:
            model = json.loads(self.request.body)
        except (ValueError, RecursionError):
            model = None
        kinds = ("notebook", "file")
        if (
            not isinstance(model, dict)
            or model.get("type") not in kinds
            or {"chunk", "copy_from"} & model.keys()
        ):
            raise web.HTTPError(400, "The body is not the model of a whole file.")
        return model

    async def _save(self, manager: Any, model: dict[str, Any], path: str) -> None:
        try:
            hidden = await ensure_async(manager.is_hidden(path))
            if hidden and not manager.allow_hidden:
                raise web.HTTPError(400, f"Cannot create file or directory {path!r}")
            self.log.info("Uploading file to %s", path)  # type: ignore[attr-defined]
            saved = await ensure_async(manager.new(model, path))
        except web.HTTPError as error:
            if error.status_code != 404:
                raise
            self._answer({"message": message_of(error), "place": path}, 404)
        else:
            self._answer(saved, 201)

    def _answer(self, value: dict[str, Any], status: int) -> None:
        from jupyter_client.jsonutil import json_default

        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(value, default=json_default))
