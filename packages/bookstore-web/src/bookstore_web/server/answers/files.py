"""GET and PUT /api/bookstore/file: large files, written without being in memory.

A save of the contents API takes eight times the size of a notebook. Here the body goes
into a file without a name, on the disk of the file that it is for, and the contents
manager writes it from there: its rules, the hooks after a save and archiving apply.
"""

import asyncio
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

from jupyter_core.utils import ensure_async
from tornado import web

from bookstore_core.errors import BookstoreError
from bookstore_core.jupyter.file_kinds import (
    FILE,
    NOTHING,
    UNKNOWN,
    has_plain_files,
    kind_at,
)
from bookstore_core.jupyter.streamed_saves import saves_streams, streamed_model
from bookstore_core.jupyter.text_pairs import may_be_paired
from bookstore_core.origins import MEMBER, Origin, archives
from bookstore_core.stores.streams import CHUNK, sha256_of
from bookstore_core.untrusted.marks import may_claim_trust, untrusted_pieces
from bookstore_web.server.handlers import READING_METHODS, ProxyHandler

#: Status codes of failures to write a file; 500 for others.
STATUS = {
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), 403),
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), 404),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), 507),
}


@web.stream_request_body
class FileHandler(ProxyHandler):
    """GET: what is at `path`, and whether it can be written here. PUT: writes it.

    The query of a PUT has the version's id and path if it is restored, and `new` for a
    copy, which gets another free name if there is something at `path`. 404 if the
    contents manager keeps its files elsewhere, or has to see them first; 501 if it has
    to see this one.
    """

    _draft: BinaryIO | None = None
    _refusal: web.HTTPError | None = None

    async def prepare(self) -> None:
        """Open a draft for the body of a PUT, which has not arrived yet."""
        await ensure_async(super().prepare())
        if self._finished or self.request.method in READING_METHODS:
            return
        if not self.current_user:
            raise web.HTTPError(403)
        self._some = bytearray()
        try:
            await self._begin()
        except web.HTTPError as error:
            # The client reads no answer before it has sent everything.
            self._refusal = error

    async def _begin(self) -> None:
        size = self.request.headers.get("Content-Length", "")
        if self.request.method != "PUT" or not size.isdecimal():
            raise web.HTTPError(405 if self.request.method != "PUT" else 411)
        cast(Any, self.request.connection).set_max_body_size(int(size))
        await self._check_rights()
        manager, path = self._manager, self._path
        if not saves_streams(manager):
            raise web.HTTPError(404, "The contents manager takes no streams.")
        known = await asyncio.to_thread(kind_at, manager, path)
        if known not in (FILE, NOTHING) or await self._is_hidden(manager, path):
            raise web.HTTPError(400, f"{path!r} cannot be written.")
        self._draft = await self._in_thread(self._new_file)

    async def _is_hidden(self, manager: Any, path: str) -> bool:
        try:
            hidden = await ensure_async(manager.is_hidden(path))
        except OSError as error:
            raise self._failure(error) from error
        return bool(hidden and not manager.allow_hidden)

    async def data_received(self, chunk: bytes) -> None:
        """Write a part of the body to disk; read over it if that has failed."""
        if self._draft is None:
            return
        self._some += chunk
        if len(self._some) < CHUNK:
            return
        try:
            await self._write_some_to(self._draft)
        except web.HTTPError as error:
            self._refusal = error
            self._close()

    async def _write_some_to(self, draft: BinaryIO) -> None:
        some, self._some = self._some, bytearray()
        await self._in_thread(draft.write, some)

    async def _pass_on(self) -> None:
        if self.request.method in READING_METHODS:
            await self._check_rights()
            self._answer(await self._in_thread(self._state))
            return
        draft, self._draft = self._draft, None
        if self._refusal is not None or draft is None:
            raise self._refusal or web.HTTPError(405)
        with _dropped(draft):
            await self._write_some_to(draft)
            with _dropped(await self._in_thread(self._without_marks, draft)) as clean:
                if await self._in_thread(self._may_be_paired, clean):
                    raise web.HTTPError(501, "It may be paired with a text.")
                saved = await self._saved(streamed_model(clean, self._origin()))
        self._answer(saved)

    async def _saved(self, model: dict[str, Any]) -> Any:
        manager, path = self._manager, self._path
        if not self.query_value("new"):
            return await ensure_async(manager.save(model, path))
        folder, slash, name = path.rpartition("/")
        try:
            async with self._frontier.places.hold(manager, name, folder + slash) as at:
                return await ensure_async(manager.save(model, at))
        except BookstoreError as error:
            raise web.HTTPError(409, str(error)) from error

    def _state(self) -> dict[str, Any]:
        manager, path = self._manager, self._path
        if not has_plain_files(manager):
            raise web.HTTPError(404, "The contents manager has no files to look at.")
        kind, digest = kind_at(manager, path), ""
        if kind == FILE:
            try:
                with open(manager._get_os_path(path), "rb") as file:
                    digest = sha256_of(file)
            except OSError:
                kind = UNKNOWN
        return {"kind": kind, "sha256": digest, "streams": saves_streams(manager)}

    def _new_file(self) -> BinaryIO:
        """Return a file without a name, in the folder of the one that is written."""
        folder = os.path.dirname(self._manager._get_os_path(self._path))
        return cast(BinaryIO, tempfile.TemporaryFile(dir=folder))

    def _without_marks(self, draft: BinaryIO) -> BinaryIO:
        draft.flush()
        if not may_claim_trust(draft):
            return draft
        clean = self._new_file()
        try:
            for piece in untrusted_pieces(draft):
                clean.write(piece)
            clean.flush()
        except BaseException:
            _drop(clean)
            raise
        return clean

    def _may_be_paired(self, draft: BinaryIO) -> bool:
        """Return whether the draft, or what is there, may have a text beside it."""
        manager, path = self._manager, self._path
        os_path = manager._get_os_path(path)
        if may_be_paired(manager, path, os_path, draft):
            return True
        try:
            with open(os_path, "rb") as present:
                return may_be_paired(manager, path, os_path, present)
        except FileNotFoundError:
            return False

    def _origin(self) -> Origin | None:
        if not archives(self._manager):
            return None
        names = ("restored_from", "restored_path")
        given = {name: self.query_value(name) for name in names}
        return Origin.of({MEMBER: given})

    async def _in_thread(self, do: Any, *args: Any) -> Any:
        """Run `do` beside the event loop; say which file could not be written."""
        try:
            return await asyncio.to_thread(do, *args)
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> web.HTTPError:
        status = STATUS.get(error.errno or 0, 500)
        return web.HTTPError(
            status, f"{self._path!r} cannot be written: {error.strerror}."
        )

    @property
    def _manager(self) -> Any:
        return self.settings.get("contents_manager")

    @property
    def _path(self) -> str:
        return self.query_value("path").strip("/")

    def _answer(self, value: dict[str, Any]) -> None:
        from jupyter_client.jsonutil import json_default

        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(value, default=json_default))

    def on_connection_close(self) -> None:
        """Remove the draft: the client has broken off."""
        self._close()
        super().on_connection_close()

    def _close(self) -> None:
        if self._draft is not None:
            _drop(self._draft)
            self._draft = None


@contextmanager
def _dropped(draft: BinaryIO) -> Iterator[BinaryIO]:
    """Close a draft after the block."""
    try:
        yield draft
    finally:
        _drop(draft)


def _drop(draft: BinaryIO) -> None:
    # What could not be written is tried once more.
    with suppress(OSError):
        draft.close()
