"""BookstoreCheckpoints: the versions of notebooks, as Jupyter's checkpoints.

Set it as `checkpoints_class` of a contents manager, classic or modern. File > Revert to
Checkpoint then lists the newest versions of a notebook.
"""

import importlib
import inspect
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from tornado.web import HTTPError

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.hooks.event_loop import in_thread
from bookstore_archiver.hooks.manager_content import has_files, present_source
from bookstore_archiver.hooks.opens import noticing
from bookstore_archiver.hooks.saves import attach, is_saving
from bookstore_archiver.known_versions import KnownVersion
from bookstore_archiver.revert import checkpoint_id
from bookstore_archiver.server.generation import derive, running_generation
from bookstore_archiver.server.registry import archiver_for
from bookstore_core.errors import (
    BookstoreError,
    InvalidRequestError,
    NotFoundError,
    SpoolError,
    StorageUnavailableError,
    TooLargeError,
)
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import printable
from bookstore_core.stores import utc_now

T = TypeVar("T")

#: The base class of checkpoints, by generation of the server.
BASES = {
    "modern": ("jupyter_server.services.contents.checkpoints", "AsyncCheckpoints"),
    "classic": ("notebook.services.contents.checkpoints", "Checkpoints"),
    "": ("traitlets.config", "LoggingConfigurable"),
}

#: The id of a checkpoint that was not made.
NONE = "none"

#: HTTP status codes of errors that can occur while reverting; others are 500.
STATUS: Mapping[type[BookstoreError], int] = {
    NotFoundError: 404,
    InvalidRequestError: 400,
    TooLargeError: 413,
    StorageUnavailableError: 503,
    SpoolError: 503,
}


def status_of(error: Exception) -> int:
    """Return the status code of an error: that of its nearest class in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def prepare_checkpoints(manager: Any) -> None:
    """Create the checkpoints of a manager now, if they are ours.

    They notice which notebooks are opened. Jupyter creates them at their first use.
    """
    kind = getattr(manager, "checkpoints_class", None)
    if isinstance(kind, type) and issubclass(kind, _Checkpoints):
        manager.checkpoints  # noqa: B018  # creates them


class _Checkpoints:
    """The methods that are added to Jupyter's base class.

    For asynchronous managers they return awaitables. Files that are not notebooks, and
    notebooks if no store is configured, have the checkpoints of Jupyter.
    """

    parent: Any
    log: Any

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        manager = self.parent
        self._is_async = inspect.iscoroutinefunction(manager.get)
        self._others = _default_checkpoints(manager, is_async=self._is_async)
        self._archiver = archiver_for(self)  # type: ignore[arg-type]
        if self._archiver is None:
            self.log.warning(
                "BookstoreCheckpoints: no store is configured, so there are no "
                "versions; checkpoints are Jupyter's own."
            )
            return
        attach(manager, self._archiver.intake)
        manager.get = noticing(manager.get, self._opened)
        self._archiver.known_versions.prepare()

    def create_checkpoint(self, contents_mgr: Any, path: str) -> Any:
        """Return the save that has just been made; it is, or will become, a version.

        A notebook that this server has not saved yet is archived now. The method does
        not wait for the store.
        """
        return self._answer(self._create(contents_mgr, path))

    async def _create(self, manager: Any, path: str) -> Any:
        archiver = self._versions_of(path)
        if archiver is None:
            return await self._other("create_checkpoint", manager, path)
        path = path.strip("/")
        if is_saving(path):
            return _not_made()  # Jupyter wants one of each new file before it is kept
        if path in archiver.intake.unprotected:
            raise HTTPError(
                503,
                f"{path} is saved, but it could not be archived: the spool cannot be "
                "written. It is archived as soon as that is possible.",
            )
        newest = archiver.known_versions.newest_save(path)
        if newest is None:
            with _as_http_errors(path):
                source = present_source(manager, path)
                found = await source if inspect.isawaitable(source) else source
                if found is not None:
                    await self._do(archiver.intake.keep_present, found, path)
            newest = archiver.known_versions.newest_save(path)
        if newest is None:
            raise HTTPError(404, f"There is no file {path}.")
        return _model(newest)

    def list_checkpoints(self, path: str) -> Any:
        """Return the newest versions that this server knows, the newest one last.

        The classic menu shows them in this order and takes the last one as the newest;
        JupyterLab reverses it. A background thread queries the store for the next call.
        """
        return self._answer(self._list(path))

    async def _list(self, path: str) -> Any:
        archiver = self._versions_of(path)
        if archiver is None:
            return await self._other("list_checkpoints", path)
        known = archiver.known_versions.known(path.strip("/"))
        return [_model(version) for version in reversed(known)]

    def restore_checkpoint(
        self, contents_mgr: Any, checkpoint_id: str, path: str
    ) -> Any:
        """Save the content of a version again, as a new version that records this.

        The present content is archived first, unless it is already. Only this method
        waits for the store, for some seconds; then it gives up without a change.
        """
        return self._answer(self._restore(contents_mgr, checkpoint_id, path))

    async def _restore(self, manager: Any, checkpoint: str, path: str) -> Any:
        archiver = self._versions_of(path)
        if archiver is None:
            return await self._other("restore_checkpoint", manager, checkpoint, path)
        path = path.strip("/")
        with _as_http_errors(path):
            reverted = await self._do(archiver.find_reverted, path, checkpoint)
            model = await self._do(reverted.model, path)
        saved = manager.save(model, path)
        if inspect.isawaitable(saved):
            await saved
        return None

    def rename_checkpoint(
        self, checkpoint_id: str, old_path: str, new_path: str
    ) -> Any:
        """Do nothing: the archiver follows renames, and a version keeps its path."""
        return self._answer(self._nothing())

    def rename_all_checkpoints(self, old_path: str, new_path: str) -> Any:
        """Do nothing for notebooks, for the same reason."""
        if self._versions_of(old_path) is None:
            return self._answer(
                self._other("rename_all_checkpoints", old_path, new_path)
            )
        return self._answer(self._nothing())

    def delete_checkpoint(self, checkpoint_id: str, path: str) -> Any:
        """Refuse (403): versions are never deleted.

        No menu of Jupyter deletes a single checkpoint.
        """
        return self._answer(self._delete(checkpoint_id, path))

    async def _delete(self, checkpoint: str, path: str) -> Any:
        if self._versions_of(path) is None:
            return await self._other("delete_checkpoint", checkpoint, path)
        raise HTTPError(
            403, f"Bookstore does not delete versions: those of {path} are kept."
        )

    def delete_all_checkpoints(self, path: str) -> Any:
        """Do nothing for notebooks: Jupyter calls this when it deletes the file.

        With its versions the file can be restored.
        """
        if self._versions_of(path) is None:
            return self._answer(self._other("delete_all_checkpoints", path))
        return self._answer(self._nothing())

    def _versions_of(self, path: str) -> Archiver | None:
        return self._archiver if path.endswith(SUFFIX) else None

    def _opened(self, path: object) -> None:
        archiver = self._versions_of(path) if isinstance(path, str) else None
        if archiver is not None and isinstance(path, str):
            archiver.known_versions.refresh(path.strip("/"))

    async def _nothing(self) -> None:
        return None

    async def _other(self, method: str, *args: Any) -> Any:
        if self._others is None:
            return {"create_checkpoint": _not_made(), "list_checkpoints": []}.get(
                method
            )
        answer = getattr(self._others, method)(*args)
        return await answer if inspect.isawaitable(answer) else answer

    async def _do(self, do: Callable[..., T], *args: object) -> T:
        return await in_thread(do, *args) if self._is_async else do(*args)

    def _answer(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return `work` for asynchronous managers, and its result for others."""
        if self._is_async:
            return work
        try:
            work.send(None)
        except StopIteration as done:
            return done.value
        raise RuntimeError("The contents manager is asynchronous, its `get` is not.")


def checkpoints_class() -> Any:
    """Return the class, derived from the base class of the running server."""
    return derive("BookstoreCheckpoints", _Checkpoints, BASES)


def _default_checkpoints(manager: Any, *, is_async: bool) -> Any:
    """Return Jupyter's checkpoints for a manager of files; None for others."""
    if not has_files(manager):
        return None
    package = BASES[running_generation()][0].rpartition(".")[0]
    module = importlib.import_module(f"{package}.filecheckpoints")
    kind = module.AsyncFileCheckpoints if is_async else module.FileCheckpoints
    return kind(parent=manager, log=manager.log)


def _model(version: KnownVersion) -> dict[str, str | datetime]:
    return {"id": checkpoint_id(version), "last_modified": version.saved_at}


def _not_made() -> dict[str, str | datetime]:
    return {"id": NONE, "last_modified": utc_now()}


@contextmanager
def _as_http_errors(path: str) -> Iterator[None]:
    try:
        yield
    except (BookstoreError, OSError) as error:
        message = f"{printable(path)} stays as it is. {error}"
        raise HTTPError(status_of(error), message) from error
