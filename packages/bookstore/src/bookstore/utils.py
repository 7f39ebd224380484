"""Small functions, under their import name of bookstore 2.x."""

import os
from tempfile import TemporaryDirectory
from types import TracebackType

__all__ = ["TemporaryWorkingDirectory", "url_path_join"]


def url_path_join(*pieces: str) -> str:
    """Join parts of a URL's path with single slashes; outer slashes are kept."""
    parts = [part for part in (piece.strip("/") for piece in pieces) if part]
    start = "/" if pieces[0].startswith("/") else ""
    end = "/" if pieces[-1].endswith("/") and (parts or not start) else ""
    return start + "/".join(parts) + end


class TemporaryWorkingDirectory(TemporaryDirectory[str]):
    """A temporary directory that is the working directory within a ``with``."""

    def __enter__(self) -> str:
        self.cwd = os.getcwd()
        os.chdir(self.name)
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.chdir(self.cwd)
        super().__exit__(kind, error, trace)
