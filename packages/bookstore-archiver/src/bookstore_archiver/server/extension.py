"""The notebook server extension, for both generations of server."""

from typing import Any

from tornado.ioloop import IOLoop

from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.server.checkpoints import prepare_checkpoints
from bookstore_archiver.server.registry import archiver_for


def load(app: Any) -> None:
    """Archive the saves of `app`, if a store is configured."""
    archiver = archiver_for(app)
    if archiver is None:
        return

    def attach_to_manager() -> None:
        try:
            attach(app.contents_manager, archiver.intake)
            prepare_checkpoints(app.contents_manager)
        except Exception:
            app.log.exception("Bookstore archives nothing: it could not be attached.")

    # Later: jupytext, for example, replaces the manager while extensions are loaded.
    loop = getattr(app, "io_loop", None) or IOLoop.current()
    loop.add_callback(attach_to_manager)
