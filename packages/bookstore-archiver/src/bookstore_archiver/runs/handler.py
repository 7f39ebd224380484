"""papermill's way to ``bookstore://``: the handler that its entry points name.

papermill writes a notebook after each cell, and in between. Only the last one becomes a
version. That is the one after the first that has an end: papermill writes a finished
notebook twice, the second time with the error if a cell has failed. If the kernel died,
or somebody interrupted papermill, there is no second time; the first one is written
while that exception is on its way, and is kept with it.
"""

import atexit
import logging
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from bookstore_archiver.runs.result import UNKNOWN, Result, Source, read_result
from bookstore_core.errors import BookstoreError
from bookstore_core.paths import DELIMITER
from bookstore_core.runs.address import Address

LOG = logging.getLogger("bookstore")

#: Names in one page of a listing.
PAGE = 1000


@dataclass
class _Output:
    """What is known of a notebook that papermill writes.

    `before` is the exception that was handled when it began, `last` the notebook if it
    was finished once.
    """

    before: BaseException | None = None
    last: Result | None = None


@dataclass
class BookstoreHandler:
    """Reads and writes versions for papermill; one serves a whole process."""

    _ran: dict[str, Source] = field(default_factory=dict)
    _outputs: dict[tuple[str, int], _Output] = field(default_factory=dict)

    def read(self, path: str) -> str:
        """Return the notebook of a version, as Jupyter reads it, without trust."""
        import json

        from bookstore_core.history import History
        from bookstore_core.jupyter.config_files import load_settings
        from bookstore_core.notebooks import read_as_jupyter
        from bookstore_core.stores import open_store

        address, settings = Address.parse(path), load_settings()
        store = open_store(settings)
        row = address.find(store, settings)
        history = History(store, settings, shelf=address.shelf)
        row, data = history.open(row.path, row.version.version_id)
        self._ran[path] = Source(row.version.key, row.version.version_id)
        LOG.info("%s is version %s.", path, row.version.version_id)
        return json.dumps(read_as_jupyter(data))

    def listdir(self, path: str) -> list[str]:
        """Return the addresses of the notebooks and folders in a folder."""
        from bookstore_core.jupyter.config_files import load_settings
        from bookstore_core.stores import open_store

        address, settings = Address.parse_folder(path), load_settings()
        address.shelf.check(settings)
        top = address.shelf.prefix(settings) + DELIMITER
        prefix = f"{top}{address.path}{DELIMITER}" if address.path else top
        store, cursor, found = open_store(settings), None, list[str]()
        while True:
            page = store.list_keys(prefix, cursor=cursor, limit=PAGE)
            found += [*(row.key for row in page.keys), *page.folders]
            cursor = page.cursor
            if cursor is None:
                break
        paths = sorted(key.removeprefix(top) for key in found)
        return [str(Address(address.shelf, known)) for known in paths]

    def pretty_path(self, path: str) -> str:
        """Return the address in the form that logs show."""
        return str(Address.parse_folder(path))

    def write(self, text: str, path: str) -> None:
        """Take what papermill writes; keep it as a version if it is the last one.

        The first one is refused if nothing could be kept there.
        """
        result = read_result(text)
        name = (path, threading.get_ident())
        output = self._outputs.get(name)
        if output is None:
            _keeper().check(Address.parse(path))
        raised = sys.exc_info()[1]
        if result.is_running:
            if output is None or output.last:
                self._outputs[name] = _Output(raised)
            return
        if output is None or output.last is not None:
            # The only one, or the second one that is finished.
            self._outputs.pop(name, None)
            self._keep(result, path)
        elif raised is not None and raised is not output.before:
            del self._outputs[name]
            self._keep(result, path, error=_describe(raised))
        else:
            output.last = result

    def keep_unfinished(self) -> None:
        """Keep the notebooks that papermill did not write again. Called at the end."""
        for name, output in list(self._outputs.items()):
            del self._outputs[name]
            if output.last is None:
                continue
            try:
                self._keep(output.last, name[0], error="papermill has ended.")
            except BookstoreError as error:
                LOG.error("%s was not kept: %s", name[0], error)

    def _keep(self, result: Result, path: str, *, error: str = "") -> None:
        target = Address.parse(path)
        known: Any = result.known.get("input_path")
        source = self._ran.get(known, UNKNOWN) if isinstance(known, str) else UNKNOWN
        run = result.run(source, error=error) if result.was_started else None
        kept = _keeper().keep(result.as_kept(), target, run)
        if kept.waits:
            LOG.warning(
                "%s waits in the spool, and is sent later. %s", path, kept.waits
            )
        else:
            LOG.info("%s is kept as version %s.", path, kept.version_id)


def _keeper() -> Any:
    # Imported on demand: papermill loads this module for every notebook that it runs.
    from bookstore_archiver.runs.keeper import Keeper
    from bookstore_core.jupyter.config_files import load_settings

    return Keeper(load_settings(), LOG, LOG.info)


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


handler = BookstoreHandler()
atexit.register(handler.keep_unfinished)
