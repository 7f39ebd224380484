"""Attaching: makes a live contents manager archive what it saves and renames.

Attributes of the instance are set, not of its class. Thus each call is wrapped once,
whatever the class is and whatever other extensions have changed.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tornado.web import HTTPError

from bookstore_archiver.hooks.event_loop import in_thread
from bookstore_archiver.hooks.failed_saves import Written
from bookstore_archiver.hooks.keeper import Keeper
from bookstore_archiver.hooks.manager_content import Present, present_source
from bookstore_archiver.hooks.paired_text import text_source
from bookstore_archiver.hooks.renames import follow_renames
from bookstore_archiver.spool.sources import Source
from bookstore_core.notebooks import SUFFIX
from bookstore_core.origins import MARK, MEMBER, Origin, archives

#: The `chunk` of the last part of a large upload.
LAST_CHUNK = -1


def attach(manager: Any, keeper: Keeper) -> bool:
    """Wrap what saves, renames and copies; return False if it was already wrapped.

    `keeper` is an archiver's `Intake`.
    """
    if archives(manager):
        return False
    setattr(manager, MARK, keeper)
    keeper.roots.add_manager(manager)
    save = manager.save
    wrap = _wrap_async if inspect.iscoroutinefunction(save) else _wrap_sync
    manager.save = wrap(save, manager, keeper)
    follow_renames(manager, keeper)
    return True


def makes_version(model: object, path: object, *, restores: bool = False) -> bool:
    """Return whether a save makes a version.

    Saves of notebooks do, and uploads of notebook files, which have the type "file";
    of an upload in chunks, only the last chunk. Saves that restore a version
    (`restores`) do too.
    """
    if not isinstance(model, Mapping) or not isinstance(path, str):
        return False
    if model.get("chunk") not in (None, LAST_CHUNK):
        return False
    model_type = model.get("type")
    if model_type == "file":
        return restores or path.endswith(SUFFIX)
    return model_type == "notebook"


_saving: ContextVar[tuple[str, ...]] = ContextVar("bookstore_saving", default=())


def is_saving(path: str) -> bool:
    """Return whether this runs within a save of `path`, which is not kept yet."""
    return path.strip("/") in _saving.get()


@contextmanager
def _within(path: str) -> Iterator[None]:
    token = _saving.set((*_saving.get(), path.strip("/")))
    try:
        yield
    finally:
        _saving.reset(token)


Save = Callable[..., Any]
#: Finds a content that has to be kept before a restore.
Look = Callable[[], Present | Awaitable[Present]]


def _looks(
    manager: Any, model: Any, path: str, origin: Origin | None
) -> tuple[Look, ...]:
    """Return what finds the contents to keep first; nothing if it is no restore."""
    if origin is None:
        return ()
    return (
        functools.partial(present_source, manager, path),
        functools.partial(text_source, manager, model, path),
    )


def _started(running: Awaitable[Any]) -> Callable[[], Awaitable[Any]]:
    return lambda: running


def _wrap_async(save: Save, manager: Any, keeper: Keeper) -> Save:
    @functools.wraps(save)
    async def save_and_archive(
        model: Any, path: str = "", *args: Any, **kwargs: Any
    ) -> Any:
        model, origin = _split_origin(model)
        start = functools.partial(save, model, path, *args, **kwargs)
        if not makes_version(model, path, restores=origin is not None):
            return await start()
        kept = _AsyncSave(manager, keeper, model, path, origin)
        return await kept.follow(start, *_looks(manager, model, path, origin))

    return save_and_archive


def _wrap_sync(save: Save, manager: Any, keeper: Keeper) -> Save:
    @functools.wraps(save)
    def save_and_archive(model: Any, path: str = "", *args: Any, **kwargs: Any) -> Any:
        model, origin = _split_origin(model)
        start = functools.partial(save, model, path, *args, **kwargs)
        if not makes_version(model, path, restores=origin is not None):
            return start()
        kept = _AsyncSave(manager, keeper, model, path, origin)
        looks = _looks(manager, model, path, origin)
        with _refusing(path):
            for number, look in enumerate(looks, 1):
                present = look()
                if inspect.isawaitable(present):
                    rest = looks[number:]
                    return kept.follow(start, _started(present), *rest)
                if present is not None:
                    keeper.keep_present(present, path)
        with kept.written(), _within(path):
            answer = start()
        if inspect.isawaitable(answer):
            return kept.follow(_started(answer))
        keeper.keep(manager, model, path, origin)
        return answer

    return save_and_archive


def _split_origin(model: Any) -> tuple[Any, Origin | None]:
    """Return the model without its origin, and the origin, or None."""
    if not isinstance(model, Mapping) or MEMBER not in model:
        return model, None
    plain = {name: value for name, value in model.items() if name != MEMBER}
    return plain, Origin.of(model)


class _AsyncSave:
    """A save that is kept after it was made, on an event loop."""

    def __init__(
        self,
        manager: Any,
        keeper: Keeper,
        model: Any,
        path: str,
        origin: Origin | None,
    ) -> None:
        self._manager = manager
        self._keeper = keeper
        self._path = path
        self._origin = origin
        self._keep = functools.partial(keeper.keep, manager, model, path, origin)

    async def follow(self, start: Callable[[], Awaitable[Any]], *looks: Look) -> Any:
        """Keep the contents that `looks` return, save, and keep what was saved."""
        async with self._keeper.locks.hold(self._path.strip("/")):
            with _refusing(self._path):
                for look in looks:
                    present = look()
                    if inspect.isawaitable(present):
                        present = await present
                    if present is not None:
                        await in_thread(self._keeper.keep_present, present, self._path)
            written = Written(self._manager, self._path)
            try:
                with _within(self._path):
                    answer = await start()
            except BaseException:
                source = written.find()
                if inspect.isawaitable(source):
                    source = await source
                if source is not None:
                    await in_thread(self._keep_written, source)
                raise
            await in_thread(self._keep)
            return answer

    @contextmanager
    def written(self) -> Iterator[None]:
        """Keep what the block has written, if it fails."""
        written = Written(self._manager, self._path)
        try:
            yield
        except BaseException:
            source = written.find()
            if source is not None and not isinstance(source, Awaitable):
                self._keep_written(source)
            raise

    def _keep_written(self, source: Source) -> None:
        self._keeper.keep_written(self._manager, source, self._path, self._origin)


@contextmanager
def _refusing(path: str) -> Iterator[None]:
    """Refuse the restore with HTTP status 503 if the block fails."""
    try:
        yield
    except Exception as error:
        reason = getattr(error, "log_message", None) or str(error)
        raise HTTPError(
            503,
            f"Nothing was restored: the present content of {path} could not be kept "
            f"and would have been lost. {reason or type(error).__name__}",
        ) from error
